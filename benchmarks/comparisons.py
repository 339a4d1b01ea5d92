"""What the figures of a delivery say beside each other: how a cost grows, and who is later than whom."""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

from .load.client import Transport
from .peers import LIMIT, NCHAN, NCHAN_REDIS, OURS
from .report import Figure

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

#: What a delivery to the most clients may cost at the most, as a multiple of one to the fewest.
GROWTH_LIMIT = 1.15

#: Events per second at which latencies are compared: nobody is busy, so they are the server's own.
UNHURRIED = 1000


def growth(figures: Sequence[Figure]) -> list[Figure]:
    """How much more a delivery costs to the most clients of a task than to the fewest: to us, and to others.

    What it costs the loop in C more is the system's: each socket's memory is colder when there are many.
    """
    return [
        _growth(figures, transport, subject)
        for transport in get_args(Transport)
        for subject in (OURS.name, LIMIT.name, NCHAN.name)
        if len(_by_clients(figures, transport, subject)) > 1
    ]


def _by_clients(figures: Sequence[Figure], transport: str, subject: str) -> dict[int, float]:
    among = {"tasks": 1, "transport": transport}
    return {
        int(figure.conditions["clients"]): figure.value
        for figure in figures
        if figure.subject == subject and among.items() <= figure.conditions.items()
    }


def _growth(figures: Sequence[Figure], transport: str, subject: str) -> Figure:
    costs = _by_clients(figures, transport, subject)
    fewest, most = min(costs), max(costs)
    ours = subject == OURS.name
    return Figure(
        case=f"cost at {most:,} clients ÷ at {fewest:,}, {transport}",
        subject=subject,
        value=costs[most] / costs[fewest],
        unit="×",
        limit=GROWTH_LIMIT if ours else None,
        ours=ours,
    )


def promptness(figures: Sequence[Figure]) -> list[Figure]:
    """Our 99th percentile beside Nchan's, where each task has one client and nobody is busy."""
    return [figure for case in _unhurried_cases(figures) for figure in _promptness(case)]


def _unhurried_cases(figures: Sequence[Figure]) -> Iterator[list[Figure]]:
    cases = dict.fromkeys(figure.case for figure in figures if figure.conditions.get("rate") == UNHURRIED)
    for case in cases:
        yield [figure for figure in figures if figure.case == case and figure.p99 is not None]


def _promptness(case: Sequence[Figure]) -> Iterator[Figure]:
    [ours] = [figure for figure in case if figure.subject == OURS.name]
    for figure in case:
        rival = figure.subject in (NCHAN.name, NCHAN_REDIS.name)
        if (rival or figure is ours) and figure.p99 and ours.p99:
            yield Figure(
                case=f"99th percentile, {figure.case}",
                subject=figure.subject,
                value=figure.p99,
                unit="ms",
                ratio=ours.p99 / figure.p99,
                target=1.0 if rival else None,
                ours=figure.ours,
            )
