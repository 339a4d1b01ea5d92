"""Who is connected: how many there may be, of whom, and until when each may stay.

Nothing here is asked for an event: a connection is counted when it comes, when its client says who it is, and
when it goes.
"""

from __future__ import annotations

import time
from collections import Counter
from typing import TYPE_CHECKING

from taskbeam.background.log_fields import number_connection
from taskbeam.gateway.limits.crowds import Crowds
from taskbeam.gateway.limits.headcount import Headcount, Limits
from taskbeam.gateway.limits.network import network_of
from taskbeam.gateway.limits.places import Brought, Own, Place
from taskbeam.gateway.limits.rate import spend
from taskbeam.gateway.limits.stay import Host, Schedule, Stay
from taskbeam.gateway.problems import TOO_FAST, TOO_MANY_CONNECTIONS
from taskbeam.measures.client_counts import ClientCounts, Transport

if TYPE_CHECKING:
    from collections.abc import Callable

    from taskbeam.gateway.auth.identity import Identity
    from taskbeam.gateway.auth.revocation import Revocations
    from taskbeam.gateway.limits.shared_counts import Newcomer
    from taskbeam.gateway.problems import Problem

__all__ = ["Admission", "AdmissionControl", "Brought", "Host", "Limits"]


class Admission(Stay):
    """One connection that stays for a while, and counts; whoever made it calls `leave` when it is gone."""

    __slots__ = (
        "_book",
        "_brought",
        "_bytes",
        "_is_counted",
        "_messages",
        "_number",
        "_own",
        "_transport",
        "network",
    )

    def __init__(
        self,
        book: AdmissionControl,
        network: str | None,
        identity: Identity | None,
        transport: Transport,
    ) -> None:
        super().__init__(book.schedule, identity)
        self._book = book
        self._transport = transport
        book.counts.came(transport)
        self._own = 0  # subscriptions that brought no identity
        self._brought: Counter[str | None] | None = None  # the others, by the key of each
        self._messages = self._bytes = 0.0
        self._is_counted = True
        self.network = network
        self._number = number_connection()
        book.headcount.count(network, 1)
        if identity is None:
            book.unidentified.add(network, self)
        elif (key := identity.key) is not None:
            book.headcount.connections.add(key, self)

    @property
    def number(self) -> int:
        return self._number

    def identify(self, identity: Identity) -> None:
        """It has another token now; raises `TaskbeamError` ``too_many_connections`` and ``too_many``."""
        before, key = self.identity, identity.key
        moves = before is not None and before.key != key
        if moves and self._own:
            self._book.headcount.check_subscriptions(key, self._own)
        self._count_for(key)
        self.identity = identity
        if before is not None and moves:
            self._count_no_more_for(before.key)
            self._count_subscriptions(before.key, self, -self._own)
            self._count_subscriptions(key, self, self._own)
        self._book.unidentified.discard(self.network, self)
        self._book.schedule.file(self)

    def subscribe(self, instead: Place | None = None) -> Own:
        """One subscription more, for whom the connection is; ``instead`` is one that ends with it.

        Raises `TaskbeamError` ``too_many``.
        """
        self._check_subscription(self.own_key, instead)
        self._own += 1
        own = Own(self)
        self._count_subscriptions(self.own_key, own, 1)
        return own

    def bring(self, identity: Identity, instead: Place | None = None) -> Brought:
        """A subscription has a token of its own: the connection counts for that identity, too, once.

        ``instead`` is one that ends with it. Raises `TaskbeamError` ``too_many_connections`` and
        ``too_many``.
        """
        key = identity.key
        self._check_subscription(key, instead)
        self._count_for(key)
        if self._brought is None:
            self._brought = Counter()
        self._brought[key] += 1
        self._book.unidentified.discard(self.network, self)
        brought = Brought(self, self._book.schedule, identity)
        self._count_subscriptions(key, brought, 1)
        return brought

    @property
    def own_key(self) -> str | None:
        """Whom the connection itself counts for."""
        return self.identity.key if self.identity is not None else None

    def drop_own(self, own: Own) -> None:
        """A subscription that brought no identity is over."""
        if self._is_counted:
            self._own -= 1
            self._count_subscriptions(self.own_key, own, -1)

    def take_back(self, brought: Brought) -> None:
        """A subscription that brought an identity is over."""
        if self._brought is None:
            return  # the whole connection is
        key = brought.identity.key
        self._count_subscriptions(key, brought, -1)
        self._brought[key] -= 1
        if self._brought[key] == 0:
            del self._brought[key]
        self._count_no_more_for(key)
        if self._is_counted and self.identity is None and not self._brought:
            self._book.make_room()
            self._book.unidentified.add(self.network, self)

    def heard(self, size: int, frames: int = 0) -> None:
        """The client sent some bytes, and so many frames that end no message: each of them counts as one."""
        self._bytes = self._spent(self._bytes, size / self._book.limits.bytes)
        if frames:
            self._messages = self._spent(self._messages, frames / self._book.limits.messages)

    def asked(self) -> None:
        """The client sent a message."""
        self._messages = self._spent(self._messages, 1 / self._book.limits.messages)

    def told(self, problem: Problem) -> None:
        """The client was told so."""
        self._book.counts.problems[problem.code] += 1

    def leave(self) -> None:
        """The connection is gone; a second time changes nothing."""
        super().leave()
        self.uncount()

    def turn_away(self) -> bool:
        """Somebody else has its place; returns whether it still had one."""
        if not self._is_counted:
            return False
        self.uncount()
        self.dismiss(TOO_MANY_CONNECTIONS)
        return True

    def uncount(self) -> None:
        """Count it no more, though it may take a moment to go."""
        if not self._is_counted:
            return
        headcount = self._book.headcount
        headcount.count(self.network, -1)
        self._book.counts.went(self._transport)
        for key in self._keys():
            if key is not None:
                headcount.connections.remove(key, self)
        if self._own:
            self._count_subscriptions(self.own_key, self, -self._own)
        for key, number in (self._brought or {}).items():
            self._count_subscriptions(key, self, -number)
        self._is_counted = False
        self._brought = None
        self._book.unidentified.discard(self.network, self)

    def _keys(self) -> set[str | None]:
        """The identities that it counts for."""
        own = set() if self.identity is None else {self.identity.key}
        return own if self._brought is None else own | self._brought.keys()

    def _count_for(self, key: str | None) -> None:
        if self._is_counted and key not in self._keys():
            self._book.headcount.check_identity(key)
            if key is not None:
                self._book.headcount.connections.add(key, self)

    def _count_no_more_for(self, key: str | None) -> None:
        if self._is_counted and key is not None and key not in self._keys():
            self._book.headcount.connections.remove(key, self)

    def _check_subscription(self, key: str | None, instead: Place | None) -> None:
        if instead is None or instead.key != key:
            self._book.headcount.check_subscriptions(key)

    def _count_subscriptions(self, key: str | None, who: Newcomer, number: int) -> None:
        if not self._is_counted or key is None or number == 0:
            return
        subscriptions = self._book.headcount.subscriptions
        if number > 0:
            subscriptions.add(key, who, number)
        else:
            subscriptions.remove(key, who, -number)

    def _spent(self, due: float, cost: float) -> float:
        due_now = spend(due, time.monotonic(), cost)
        if due_now is None:
            self.dismiss(TOO_FAST)
            return due
        return due_now


class AdmissionControl:
    """The admissions of one process. ``clock`` is Unix time, in seconds, as tokens have it."""

    def __init__(
        self,
        limits: Limits,
        revocations: Revocations,
        clock: Callable[[], float] = time.time,
        counts: ClientCounts | None = None,
    ) -> None:
        self.limits = limits
        self.counts = counts or ClientCounts()
        self.headcount = Headcount(limits)
        self.schedule = Schedule(revocations, clock)
        #: Those whose client has not said who it is.
        self.unidentified: Crowds[Admission] = Crowds()

    def __len__(self) -> int:
        return len(self.headcount)

    def admit(
        self, address: str | None, identity: Identity | None, transport: Transport = Transport.POLL
    ) -> Admission:
        """Count a connection; raises `TaskbeamError` ``too_many_connections``."""
        network = network_of(address)
        self.headcount.check_network(network)
        if identity is None:
            self.make_room()
        else:
            self.headcount.check_identity(identity.key)
        self.headcount.check_process()
        return Admission(self, network, identity, transport)

    def make_room(self) -> None:
        """Before another one comes who is nobody: where they have their share, one of them goes."""
        if len(self.unidentified) >= self.limits.unidentified:
            self.unidentified.first_to_go().turn_away()

    def sweep(self, most: int) -> bool:
        """Dismiss those whose time is over, at most so many; returns whether there may be more."""
        return self.schedule.sweep(most)

    def expel(self, most: int) -> bool:
        """Dismiss those whose identity was revoked, at most so many; returns whether there may be more."""
        return self.schedule.expel(most)
