"""A rate limit that remembers one number: the generic cell rate algorithm (ITU-T I.371)."""

from __future__ import annotations

#: A client that was quiet may say as much at once as it may in this many seconds.
BURST = 10.0


def spend(due: float, now: float, cost: float) -> float | None:
    """When everything said so far is paid for, after one thing more that costs ``cost`` seconds.

    ``due`` is the last answer (0 at first), ``now`` any clock, in seconds. None: it is too much.
    """
    due = max(due, now) + cost
    return None if due - now > BURST else due
