"""Whether a lease that ran out may be held against its worker. No I/O."""

from __future__ import annotations

#: Seconds that a look at the leases may take, and that Redis' clock may gain or lose between two of them.
PROMPT = 1.0

#: The score of a lease that its worker gave up by itself.
GIVEN_UP = 0


class Judgement:
    """Judges nobody for one lease after any time in which workers may have been unable to renew.

    A worker can renew its lease only while Redis serves it. So an outage that is longer than a lease, a
    restart from an older snapshot and a clock that jumps all make leases run out whose workers live. Nor does
    a watchdog that has just started know what was before. From the first look that succeeds, each worker has
    the time that it has in good days: one whole lease. Kubernetes' node controller is as careful: it evicts
    nobody while it has lost sight of all nodes at once.

    Times are in milliseconds by Redis' clock, unless they are said to be seconds of our own.
    """

    def __init__(self) -> None:
        self._since: float | None = None
        self._last: tuple[float, float] | None = None
        self._life = ""

    def failed(self) -> None:
        """A look failed: Redis was away."""
        self._since = None

    def looked(self, now: float, life: str, began: float, ended: float) -> bool:
        """A look succeeded; returns whether something may have been wrong since the one before.

        Args:
            now: the time by Redis.
            life: what names this life of the server; '' where it is not known.
            began, ended: when Redis was asked and when it had answered, in seconds of our own clock.
        """
        doubtful = (
            self._since is None or life != self._life or ended - began > PROMPT or self._jumped(now, ended)
        )
        if doubtful:
            self._since = now
        first = self._last is None
        self._last, self._life = (now, ended), life
        return doubtful and not first

    def is_gone(self, end: float, lease: float, now: float) -> bool:
        """Whether the worker whose lease of ``lease`` ms ran out at ``end`` is gone."""
        if end == GIVEN_UP:
            return True
        return self._since is not None and max(end, self._since + lease) <= now

    def _jumped(self, now: float, ended: float) -> bool:
        if self._last is None:
            return False
        then, ended_then = self._last
        return abs((now - then) / 1000 - (ended - ended_then)) > PROMPT
