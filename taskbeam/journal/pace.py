"""How much longer a run goes on, if it goes on as it has."""

from __future__ import annotations

#: What is enough to go by: this many seconds, and this part of the work.
ENOUGH_SECONDS = 1.0
ENOUGH_WORK = 0.01


class Pace:
    """What a run has reported, as far as it says something of the rest. No I/O; O(1) per report.

    It begins with nothing done. What is there within the first second is the new beginning: a run that
    takes up the work of another begins with what that one had done.
    """

    __slots__ = ("_at", "_began", "_done")

    def __init__(self, began: float) -> None:
        """``began``: seconds, by the clock of all that follows."""
        self._began = self._at = began
        self._done = 0.0

    def remaining(self, current: float, total: float, now: float) -> float | None:
        """Note a report; returns the seconds until ``total``, None while there is not enough to go by."""
        if now - self._began < ENOUGH_SECONDS:
            self._at, self._done = now, current
            return None
        seconds, done = now - self._at, current - self._done
        if seconds < ENOUGH_SECONDS or done <= 0 or done < total * ENOUGH_WORK:
            return None
        return max(seconds * (total - current) / done, 0.0)
