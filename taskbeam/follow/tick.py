"""What is published is held for a moment, so that all of it is one write for each follower. No I/O here.

The first after a pause goes at once. It is as if Redis had been that much later, so the rules of following
need not know of it (Ably rolls up what a channel publishes in the same way).
"""

from __future__ import annotations

#: Seconds between two writes to one follower.
TICK = 0.04

#: What is held at the most.
MOST_HELD = 1000


class Tick:
    """Holds the payloads of one channel."""

    __slots__ = ("_held", "_last")

    def __init__(self) -> None:
        self._held: list[bytes] = []
        self._last = float("-inf")

    def hold(self, payload: bytes, now: float) -> float | None:
        """Keep it; ``now`` in seconds.

        Returns the seconds after which `release` is due, or None: the payload before this one has scheduled
        it already, or will be released with it.
        """
        self._held.append(payload)
        if len(self._held) >= MOST_HELD:
            return 0.0
        return max(self._last + TICK - now, 0.0) if len(self._held) == 1 else None

    def release(self, now: float) -> list[bytes]:
        """All that is held, the first one first."""
        held, self._held = self._held, []
        self._last = now
        return held
