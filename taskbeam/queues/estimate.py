"""How long it may take, from how long it took of late. Pure arithmetic; all times are in seconds."""

from __future__ import annotations

from math import sqrt
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

#: Fewer runs say nothing.
MIN_RUNS = 3

#: What an exponentially weighted mean remembers, in runs: 2 / weight - 1, with the weight of queue.lua.
MEMORY = 19


class Times(NamedTuple):
    """How long tasks run: mean and mean deviation of the last ``runs``."""

    runs: int
    mean: float
    spread: float

    @classmethod
    def of(cls, reply: Sequence[bytes | None]) -> Times | None:
        """Read ``runs``, ``mean`` and ``spread`` as the append script keeps them; None while they are few."""
        runs, mean, spread = (float(value or 0) for value in reply)
        return cls(int(runs), mean, spread) if runs >= MIN_RUNS else None


class Estimate(NamedTuple):
    """Seconds until a task starts and, where its kind is known, until it ends; give or take ``spread``."""

    start: float
    end: float | None
    spread: float

    def member(self) -> dict[str, Any]:
        """As clients are told: to a tenth of a second."""
        told = {"start": self.start, "end": self.end, "spread": self.spread}
        return {name: round(value, 1) for name, value in told.items() if value is not None}


def estimate(ahead: int, slots: int, queue: Times | None, own: Times | None) -> Estimate | None:
    """When a task that has ``ahead`` others before it starts and ends; None where that cannot be known.

    It starts when ``ahead`` + 1 others have made room (those that run now are as good as new ones, as if
    run times were exponential: the M/M/c queue). They deviate each for itself, and their mean, known from
    few runs, does for all of them: the variances add up.
    """
    if queue is None or not slots:
        return None
    others, known = ahead + 1, min(queue.runs, MEMORY)
    start = others * queue.mean / slots
    spread = queue.spread * sqrt(others + others**2 / known) / slots
    if own is None:
        return Estimate(start, None, spread)
    return Estimate(start, start + own.mean, sqrt(spread**2 + own.spread**2))
