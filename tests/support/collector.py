"""Without Python's collector nothing goes but what no cycle holds."""

from __future__ import annotations

import gc
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def without_collector() -> Iterator[None]:
    """Collect what earlier tests left, and nothing more inside."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
