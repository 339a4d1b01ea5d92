"""`docs/fates.md` as data: the documentation is what the tests expect."""

from __future__ import annotations

from functools import cache

from tests.support import rabbitmq
from tests.support.gateway import ROOT

PAGE = ROOT / "docs" / "fates.md"

POOLS = ("prefork", "threads", "solo")

#: The column of workers with prefork whose messages come by RabbitMQ.
RABBITMQ = "RabbitMQ"

#: The columns that can be tried on this machine.
COLUMNS = (*POOLS, RABBITMQ) if rabbitmq.FOUND else POOLS

#: Those of workers with prefork.
PREFORK = tuple(column for column in COLUMNS if column in ("prefork", RABBITMQ))

_ALL = (*POOLS, RABBITMQ)

_SAME, _NONE = "=", "–"


@cache
def rows() -> dict[str, dict[str, list[str] | None]]:
    """Way → column → the words of its events; None where there is no such way."""
    table = {}
    of_ways = False
    for line in PAGE.read_text().splitlines():
        if line.startswith("| way |"):
            of_ways = True
            continue
        of_ways = of_ways and line.startswith("|")
        if not of_ways or line.startswith("|-"):
            continue
        way, *stories = (cell.strip() for cell in line.strip("|").split("|")[: 1 + len(_ALL)])
        cells = [stories[0] if cell == _SAME else cell for cell in stories]
        assert way not in table, f"{way} is told twice"
        table[way] = {column: _words(cell) for column, cell in zip(_ALL, cells, strict=True)}
    return table


def _words(cell: str) -> list[str] | None:
    return None if cell == _NONE else cell.split(" → ")


def expected(way: str, column: str = "prefork") -> list[str]:
    """What a client is told of a task that goes this way."""
    words = rows()[way][column]
    assert words is not None, f"{way} is not to be had with {column}"
    return words


def pool_of(column: str) -> str:
    """The pool of a column's workers."""
    return "prefork" if column == RABBITMQ else column
