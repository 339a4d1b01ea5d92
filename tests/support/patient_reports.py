"""Reports of the tests' own process: what it sends is told though a busy machine makes Redis late."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from taskbeam.celery import outbox_connections

from .waiting import DEADLINE

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def patient_reports() -> Iterator[None]:
    """Until the block ends, a report waits so long for Redis: after a second it would count as lost.

    Not for tests of what is done when Redis is away.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(outbox_connections, "DEADLINE", DEADLINE)
        yield
