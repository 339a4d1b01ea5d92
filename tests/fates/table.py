"""`docs/fates.md` as data: the documentation is what the tests expect."""

from __future__ import annotations

from functools import cache

from tests.support.gateway import ROOT

PAGE = ROOT / "docs" / "fates.md"

POOLS = ("prefork", "threads", "solo")

_SAME, _NONE = "=", "–"


@cache
def rows() -> dict[str, dict[str, list[str] | None]]:
    """Way → pool → the words of its events; None where that pool has no such way."""
    table = {}
    for line in PAGE.read_text().splitlines():
        if not line.startswith("| ") or line.startswith("| way |"):
            continue
        way, *stories = (cell.strip() for cell in line.strip("|").split("|")[: 1 + len(POOLS)])
        cells = [stories[0] if cell == _SAME else cell for cell in stories]
        assert way not in table, f"{way} is told twice"
        table[way] = {pool: _words(cell) for pool, cell in zip(POOLS, cells, strict=True)}
    return table


def _words(cell: str) -> list[str] | None:
    return None if cell == _NONE else cell.split(" → ")


def expected(way: str, pool: str = "prefork") -> list[str]:
    """What a client is told of a task that goes this way."""
    words = rows()[way][pool]
    assert words is not None, f"{way} is not to be had with {pool}"
    return words
