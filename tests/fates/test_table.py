"""The page and the tests are one: no row of `docs/fates.md` goes without a test."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tests.support import rabbitmq

from .table import rows

if TYPE_CHECKING:
    from collections.abc import Callable


def test_rabbitmq_is_here(record_property: Callable[[str, object], None]) -> None:
    if not rabbitmq.FOUND:
        record_property("lacking", "RabbitMQ: not installed, so no task went by it")


def test_every_row_is_tested() -> None:
    here = Path(__file__)
    tests = "".join(path.read_text() for path in here.parent.glob("test_*.py") if path != here)
    untested = [way for way in rows() if f'"{way}"' not in tests]
    assert untested == []
