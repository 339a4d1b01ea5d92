"""Who is connected: how many there may be, and until when each may stay.

Nothing here is asked for an event: a connection is counted when it comes and when it goes, and is looked
at when its time is over or when something was revoked.
"""

from __future__ import annotations

import time
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple, Protocol

from taskbeam.gateway.limits.rate import spend
from taskbeam.gateway.problems import (
    TOKEN_EXPIRED,
    TOKEN_REVOKED,
    TOO_FAST,
    TOO_MANY_CONNECTIONS,
    Problem,
    TaskbeamError,
)

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


class Admission:
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

    def __init__(self, book: AdmissionControl, address: str | None, identity: Identity | None) -> None:
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
        """Dismiss the admission for ``reason`` unless `settle` is called within ``seconds``."""
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


class AdmissionControl:
    """The admissions of one process. ``clock`` is Unix time, in seconds, as tokens have it."""

    def __init__(
        self, limits: Limits, revocations: Revocations, clock: Callable[[], float] = time.time
    ) -> None:
        self.limits = limits
        self.clock = clock
        self._revocations = revocations
        self._count = 0
        self._per_address: Counter[str] = Counter()
        self._per_identity: Counter[str] = Counter()
        self._due: dict[int, set[Admission]] = {}

    def __len__(self) -> int:
        return self._count

    def admit(self, address: str | None, identity: Identity | None) -> Admission:
        """Count a connection; raises `TaskbeamError` ``too_many_connections``."""
        if self._count >= self.limits.connections:
            raise TaskbeamError(TOO_MANY_CONNECTIONS)
        if address is not None and self._per_address[address] >= self.limits.per_address:
            raise TaskbeamError(TOO_MANY_CONNECTIONS, "There are too many connections from this address.")
        admission = Admission(self, address, None)
        admission.counted = True
        self.recount(admission, identity)
        self._count += 1
        if address is not None:
            self._per_address[address] += 1
        self.file(admission)
        return admission

    def watch(self, identity: Identity) -> Admission:
        """Look after an identity that comes on a connection which is counted already."""
        admission = Admission(self, None, identity)
        self.file(admission)
        return admission

    def sweep(self) -> None:
        """Dismiss everybody whose time is over."""
        now = self.clock()
        for slot in [slot for slot in self._due if slot <= now]:
            for admission in [admission for admission in self._due[slot] if admission.due <= now]:
                self._unfile(admission)
                admission.dismiss()

    def expel(self) -> None:
        """Dismiss everybody whose identity was revoked."""
        for admission in [admission for admission in self._filed() if self._is_revoked(admission)]:
            self._unfile(admission)
            admission.dismiss(TOKEN_REVOKED)

    # What a admission calls.

    def recount(self, admission: Admission, identity: Identity | None) -> None:
        """Count the admission under another identity."""
        before, after = _key(admission.identity), _key(identity)
        if admission.counted and before != after:
            if after is not None and self._per_identity[after] >= self.limits.per_identity:
                raise TaskbeamError(TOO_MANY_CONNECTIONS, "There are too many connections for this token.")
            _add(self._per_identity, before, -1)
            _add(self._per_identity, after, 1)
        admission.identity = identity

    def file(self, admission: Admission) -> None:
        """Note when the admission is to be looked at, if ever."""
        self._unfile(admission)
        due = admission.due
        if due < _NEVER or _key(admission.identity) is not None:
            admission.slot = int(due)
            self._due.setdefault(admission.slot, set()).add(admission)

    def strike(self, admission: Admission) -> None:
        """Forget the admission; a second time changes nothing."""
        self._unfile(admission)
        if admission.counted:
            admission.counted = False
            self._count -= 1
            _add(self._per_address, admission.address, -1)
            _add(self._per_identity, _key(admission.identity), -1)

    def _unfile(self, admission: Admission) -> None:
        slot = self._due.get(admission.slot)
        if slot is not None:
            slot.discard(admission)
            if not slot:
                del self._due[admission.slot]
        admission.slot = -1

    def _filed(self) -> Iterator[Admission]:
        for slot in self._due.values():
            yield from slot

    def _is_revoked(self, admission: Admission) -> bool:
        return admission.identity is not None and self._revocations.revoked(admission.identity)


def _key(identity: Identity | None) -> str | None:
    return None if identity is None else identity.key


def _add(counts: Counter[str], name: str | None, number: int) -> None:
    """Counts of nothing are dropped: names come from clients, and are not kept."""
    if name is not None:
        counts[name] += number
        if counts[name] <= 0:
            del counts[name]
