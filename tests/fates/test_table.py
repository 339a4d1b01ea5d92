"""The page and the tests are one: no row of `docs/fates.md` goes without a test."""

from __future__ import annotations

from pathlib import Path

from .table import rows


def test_every_row_is_tested() -> None:
    here = Path(__file__)
    tests = "".join(path.read_text() for path in here.parent.glob("test_*.py") if path != here)
    untested = [way for way in rows() if f'"{way}"' not in tests]
    assert untested == []
