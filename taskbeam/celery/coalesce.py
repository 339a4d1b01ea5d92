"""Coalesce what is reported faster than anyone can look: the latest wins within a short interval."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

#: Values that go out at once after a pause, so that the few steps of a short task are all seen.
BURST = 10


class Coalescer:
    """Holds the latest value between two sendings. No I/O: the caller sends what `take` gives.

    One value per ``interval`` seconds may go out, and `BURST` more after a pause (the generic cell rate
    algorithm). `offer` is called in tight loops: it is a clock, a comparison and an assignment.
    """

    __slots__ = ("_clock", "_interval", "_next", "_paid_until", "held")

    def __init__(self, interval: float, clock: Callable[[], float]) -> None:
        self._interval = interval
        self._clock = clock
        self._paid_until = float("-inf")
        self._next = float("-inf")
        self.held: Any = None

    def offer(self, value: Any) -> bool:
        """Hold the value; returns whether it is time to send."""
        self.held = value
        return self._clock() >= self._next

    def wait(self) -> float:
        """Seconds until what is held may be sent; 0 when it may be now."""
        return max(self._next - self._clock(), 0.0)

    def take_in_time(self) -> Any:
        """What is to be sent now; None when nothing is held, or it is too early. For whoever asks often."""
        return self.take() if self._clock() >= self._next else None

    def take(self) -> Any:
        """What is held, early or not: something else is to be sent after it."""
        value, self.held = self.held, None
        if value is not None:
            self._paid_until = max(self._paid_until, self._clock()) + self._interval
            self._next = self._paid_until - BURST * self._interval
        return value
