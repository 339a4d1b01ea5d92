"""What is known of each piece of background work: whether it fails now, since when, and how often it did."""

from __future__ import annotations

from typing import NamedTuple

#: Seconds for which work has to go on before it counts as mended.
SETTLED = 5.0


class Failing(NamedTuple):
    """Work that failed and has not gone on for `SETTLED` seconds since: for how many seconds, how often."""

    name: str
    seconds: float
    failures: int

    def __str__(self) -> str:
        times = "once" if self.failures == 1 else f"{self.failures} times"
        return f"{self.name} (failed {times} in {self.seconds:.0f} s)"


class WorkHealth:
    """Of one piece of work. Times are seconds of any one clock."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.restarts = 0
        self._first_failure: float | None = None
        self._began: float | None = None
        self._failures = 0

    def begins(self, now: float) -> None:
        """It starts, for the first time or again."""
        self._began = now

    def failed(self, now: float) -> bool:
        """Note a failure; returns whether the work had settled, so that this is a new trouble."""
        settled = self._has_settled(now)
        if settled or self._first_failure is None:
            self._first_failure, self._failures = now, 0
        self._began = None
        self._failures += 1
        self.restarts += 1
        return settled

    def failing(self, now: float) -> Failing | None:
        """Return what is wrong now, if anything is."""
        if self._first_failure is None or self._has_settled(now):
            return None
        return Failing(self.name, now - self._first_failure, self._failures)

    def _has_settled(self, now: float) -> bool:
        return self._began is not None and now - self._began >= SETTLED
