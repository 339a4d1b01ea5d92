"""A Valkey of this folder's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from stack.valkey import Valkey

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="package")
def valkey() -> Iterator[Valkey]:
    """Nobody else's keys, clients or configuration are there."""
    with Valkey() as server:
        yield server
