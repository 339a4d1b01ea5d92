"""Until when somebody may stay, and who is told when that time is over.

Nothing here is asked for an event: a stay is looked at when its time is over, or when something was revoked.
"""

from __future__ import annotations

import logging
import time
from itertools import islice
from typing import TYPE_CHECKING, Protocol

from taskbeam.background.log_fields import about
from taskbeam.gateway.problems import TOKEN_EXPIRED, TOKEN_REVOKED, Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from taskbeam.gateway.auth.identity import Identity
    from taskbeam.gateway.auth.revocation import Revocations

logger = logging.getLogger(__name__)

#: A time that never comes.
_NEVER = 1 << 62


class Host(Protocol):
    """A connection, or one subscription of several on it."""

    def dismiss(self, problem: Problem) -> None:
        """Tell the client, and end it."""


class Stay:
    """It lasts as long as its identity is good, and as what is expected of the client comes in time."""

    __slots__ = ("_deadline", "_host", "_over", "_reason", "_schedule", "identity", "slot")

    def __init__(self, schedule: Schedule, identity: Identity | None) -> None:
        self._schedule = schedule
        self._deadline = float(_NEVER)
        self._reason: Problem | None = None
        self._over: Problem | None = None
        self._host: Host | None = None
        self.slot = -1
        self.identity = identity
        schedule.file(self)

    @property
    def number(self) -> int:
        """What log lines call the connection."""
        raise NotImplementedError

    def attach(self, host: Host) -> None:
        """Who is told; at once, if it is over already."""
        self._host = host
        if self._over is not None:
            self.dismiss(self._over)

    def expect(self, reason: Problem, seconds: float) -> None:
        """End it for ``reason`` unless `settle` is called within ``seconds``."""
        self._reason, self._deadline = reason, self._schedule.clock() + seconds
        self._schedule.file(self)

    def settle(self) -> None:
        """What was expected has come."""
        if self._reason is not None:
            self._reason, self._deadline = None, float(_NEVER)
            self._schedule.file(self)

    @property
    def due(self) -> float:
        """When its time is over."""
        ends = self.identity.ends if self.identity is not None else None
        return min(self._deadline, ends if ends is not None else _NEVER)

    @property
    def is_watched(self) -> bool:
        """Whether it can end otherwise than by the client: by time, or because its identity is revoked."""
        return self.due < _NEVER or (self.identity is not None and self.identity.key is not None)

    def dismiss(self, problem: Problem | None = None) -> None:
        """End it; without a problem, for that which is over."""
        late = self._reason if self._deadline <= self._schedule.clock() else None
        self._over = problem or late or TOKEN_EXPIRED
        host, self._host = self._host, None
        if host is not None:
            host.dismiss(self._over)

    def leave(self) -> None:
        """It has ended; a second time changes nothing."""
        self._host = None
        self._schedule.unfile(self)


class Schedule:
    """The stays of one process, by the second in which each is over.

    ``clock`` is Unix time, in seconds, as tokens have it.
    """

    def __init__(self, revocations: Revocations, clock: Callable[[], float] = time.time) -> None:
        self.clock = clock
        self._revocations = revocations
        self._due: dict[int, set[Stay]] = {}

    def file(self, stay: Stay) -> None:
        """Note when the stay is to be looked at, if ever."""
        self.unfile(stay)
        if stay.is_watched:
            stay.slot = int(stay.due)
            self._due.setdefault(stay.slot, set()).add(stay)

    def unfile(self, stay: Stay) -> None:
        """Look at it no more."""
        slot = self._due.get(stay.slot)
        if slot is not None:
            slot.discard(stay)
            if not slot:
                del self._due[stay.slot]
        stay.slot = -1

    def sweep(self, most: int) -> bool:
        """Dismiss those whose time is over, at most so many; returns whether there may be more."""
        return self._dismiss(self._overdue(self.clock()), most, None)

    def expel(self, most: int) -> bool:
        """Dismiss those whose identity was revoked, at most so many; returns whether there may be more."""
        return self._dismiss(filter(self._is_revoked, self._filed()), most, TOKEN_REVOKED)

    def _dismiss(self, stays: Iterator[Stay], most: int, problem: Problem | None) -> bool:
        dismissed = list(islice(stays, most))
        for stay in dismissed:
            self.unfile(stay)
            try:
                stay.dismiss(problem)
            except Exception:
                logger.exception(
                    "Cannot close a connection whose token is over; the others go on.",
                    extra=about(connection=stay.number),
                )
        return len(dismissed) == most

    def _overdue(self, now: float) -> Iterator[Stay]:
        for slot, stays in self._due.items():
            if slot <= now:
                yield from (stay for stay in stays if stay.due <= now)

    def _filed(self) -> Iterator[Stay]:
        for slot in self._due.values():
            yield from slot

    def _is_revoked(self, stay: Stay) -> bool:
        return stay.identity is not None and self._revocations.revoked(stay.identity)
