"""Who is connected: how many there may be, and until when each may stay.

Nothing here is asked for an event: a connection is counted when it comes and when it goes, and is looked
at when its time is over or when something was revoked.
"""

from __future__ import annotations

import time
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple, Protocol

from taskbeam.gateway.errors import (
    TOKEN_EXPIRED,
    TOKEN_REVOKED,
    TOO_FAST,
    TOO_MANY_CONNECTIONS,
    Problem,
    TaskbeamError,
)
from taskbeam.gateway.limits.rate import spend

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from taskbeam.gateway.auth.identity import Identity
    from taskbeam.gateway.auth.revocation import Revocations

#: A time that never comes.
_NEVER = 1 << 62


class Host(Protocol):
    """A connection, or one subscription of several on it."""

    def dismiss(self, problem: Problem) -> None:
        """Tell the client, and end it."""


class Limits(NamedTuple):
    """Connections in this process, and what one client may say per second."""

    connections: int
    per_address: int
    per_identity: int
    messages: float
    bytes: float


class Visitor:
    """One connection that stays for a while; whoever made it calls `leave` when it is gone."""

    __slots__ = (
        "_book",
        "_bytes",
        "_deadline",
        "_host",
        "_messages",
        "_over",
        "_reason",
        "address",
        "counted",
        "identity",
        "slot",
    )

    def __init__(self, book: Visitors, address: str | None, identity: Identity | None) -> None:
        self._book = book
        self.address = address
        self.counted = False
        self._deadline = float(_NEVER)
        self._reason: Problem | None = None
        self._over: Problem | None = None
        self._messages = self._bytes = 0.0
        self._host: Host | None = None
        self.slot = -1
        self.identity = identity

    def attach(self, host: Host) -> None:
        """Who is told; at once, if it is over already."""
        self._host = host
        if self._over is not None:
            self.dismiss(self._over)

    def expect(self, reason: Problem, seconds: float) -> None:
        """Dismiss the visitor for ``reason`` unless `settle` is called within ``seconds``."""
        self._reason, self._deadline = reason, self._book.clock() + seconds
        self._book.file(self)

    def settle(self) -> None:
        """What was expected has come."""
        if self._reason is not None:
            self._reason, self._deadline = None, float(_NEVER)
            self._book.file(self)

    def identify(self, identity: Identity) -> None:
        """It has another token now; raises `TaskbeamError` ``too_many_connections``."""
        self._book.recount(self, identity)
        self._book.file(self)

    def heard(self, size: int) -> None:
        """The client sent some bytes."""
        self._bytes = self._spent(self._bytes, size / self._book.limits.bytes)

    def asked(self) -> None:
        """The client sent a message."""
        self._messages = self._spent(self._messages, 1 / self._book.limits.messages)

    def _spent(self, due: float, cost: float) -> float:
        due_now = spend(due, time.monotonic(), cost)
        if due_now is None:
            self.dismiss(TOO_FAST)
            return due
        return due_now

    @property
    def due(self) -> float:
        """When its time is over."""
        expires = self.identity.expires if self.identity is not None else None
        return min(self._deadline, expires if expires is not None else _NEVER)

    def dismiss(self, problem: Problem | None = None) -> None:
        """End the connection; without a problem, for that which is over."""
        late = self._reason if self._deadline <= self._book.clock() else None
        self._over = problem or late or TOKEN_EXPIRED
        host, self._host = self._host, None
        if host is not None:
            host.dismiss(self._over)

    def leave(self) -> None:
        """The connection is gone."""
        self._host = None
        self._book.strike(self)


class Visitors:
    """The visitors of one process. ``clock`` is Unix time, in seconds, as tokens have it."""

    def __init__(
        self, limits: Limits, revocations: Revocations, clock: Callable[[], float] = time.time
    ) -> None:
        self.limits = limits
        self.clock = clock
        self._revocations = revocations
        self._count = 0
        self._per_address: Counter[str] = Counter()
        self._per_identity: Counter[str] = Counter()
        self._due: dict[int, set[Visitor]] = {}

    def __len__(self) -> int:
        return self._count

    def admit(self, address: str | None, identity: Identity | None) -> Visitor:
        """Count a connection; raises `TaskbeamError` ``too_many_connections``."""
        if self._count >= self.limits.connections:
            raise TaskbeamError(TOO_MANY_CONNECTIONS)
        if address is not None and self._per_address[address] >= self.limits.per_address:
            raise TaskbeamError(TOO_MANY_CONNECTIONS, "There are too many connections from this address.")
        visitor = Visitor(self, address, None)
        visitor.counted = True
        self.recount(visitor, identity)
        self._count += 1
        if address is not None:
            self._per_address[address] += 1
        self.file(visitor)
        return visitor

    def watch(self, identity: Identity) -> Visitor:
        """Look after an identity that comes on a connection which is counted already."""
        visitor = Visitor(self, None, identity)
        self.file(visitor)
        return visitor

    def sweep(self) -> None:
        """Dismiss everybody whose time is over."""
        now = self.clock()
        for slot in [slot for slot in self._due if slot <= now]:
            for visitor in [visitor for visitor in self._due[slot] if visitor.due <= now]:
                self._unfile(visitor)
                visitor.dismiss()

    def expel(self) -> None:
        """Dismiss everybody whose identity was revoked."""
        for visitor in [visitor for visitor in self._filed() if self._is_revoked(visitor)]:
            self._unfile(visitor)
            visitor.dismiss(TOKEN_REVOKED)

    # What a visitor calls.

    def recount(self, visitor: Visitor, identity: Identity | None) -> None:
        """Count the visitor under another identity."""
        before, after = _key(visitor.identity), _key(identity)
        if visitor.counted and before != after:
            if after is not None and self._per_identity[after] >= self.limits.per_identity:
                raise TaskbeamError(TOO_MANY_CONNECTIONS, "There are too many connections for this token.")
            _add(self._per_identity, before, -1)
            _add(self._per_identity, after, 1)
        visitor.identity = identity

    def file(self, visitor: Visitor) -> None:
        """Note when the visitor is to be looked at, if ever."""
        self._unfile(visitor)
        due = visitor.due
        if due < _NEVER or _key(visitor.identity) is not None:
            visitor.slot = int(due)
            self._due.setdefault(visitor.slot, set()).add(visitor)

    def strike(self, visitor: Visitor) -> None:
        """Forget the visitor; a second time changes nothing."""
        self._unfile(visitor)
        if visitor.counted:
            visitor.counted = False
            self._count -= 1
            _add(self._per_address, visitor.address, -1)
            _add(self._per_identity, _key(visitor.identity), -1)

    def _unfile(self, visitor: Visitor) -> None:
        slot = self._due.get(visitor.slot)
        if slot is not None:
            slot.discard(visitor)
            if not slot:
                del self._due[visitor.slot]
        visitor.slot = -1

    def _filed(self) -> Iterator[Visitor]:
        for slot in self._due.values():
            yield from slot

    def _is_revoked(self, visitor: Visitor) -> bool:
        return visitor.identity is not None and self._revocations.revoked(visitor.identity)


def _key(identity: Identity | None) -> str | None:
    return None if identity is None else identity.key


def _add(counts: Counter[str], name: str | None, number: int) -> None:
    """Counts of nothing are dropped: names come from clients, and are not kept."""
    if name is not None:
        counts[name] += number
        if counts[name] <= 0:
            del counts[name]
