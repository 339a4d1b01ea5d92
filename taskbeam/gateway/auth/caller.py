"""Who asks: a request's identity, and what it may do."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from taskbeam.gateway.auth.credentials import find_credentials
from taskbeam.gateway.auth.identity import ANYONE
from taskbeam.gateway.auth.visit import Visit
from taskbeam.gateway.problems import UNAUTHENTICATED, UNKNOWN_FEED, TaskbeamError
from taskbeam.journal.feeds.names import FeedKind
from taskbeam.measures.client_counts import Transport

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.requests import HTTPConnection

    from taskbeam.gateway.auth.guard import Guard
    from taskbeam.gateway.auth.identity import Action, Identity
    from taskbeam.gateway.limits.admission import Admission
    from taskbeam.journal.feeds.names import FeedName


async def identity_by_token(guard: Guard, connection: HTTPConnection) -> Identity | None:
    """The identity that the request's token or ticket proves; None where it brings neither.

    Raises `TaskbeamError`: ``unauthenticated``, ``token_expired``, ``token_revoked``, ``unavailable``.
    """
    if guard.open:
        return ANYONE
    headers = connection.headers
    credentials = find_credentials(
        headers.get("authorization"),
        connection.query_params,
        headers.getlist("cookie"),
        connection.scope.get("subprotocols", ()),
    )
    if credentials is None:
        return None
    token = credentials.token
    if credentials.ticket is not None:
        token = await guard.tickets.redeem(credentials.ticket)
    return await guard.identify(token or "")


class Caller:
    """Whoever made the request. ``identity`` is None before a socket's client has said who it is."""

    def __init__(self, guard: Guard, identity: Identity | None, address: str | None) -> None:
        self._guard = guard
        self.identity = identity
        self.address = address

    async def require(self, action: Action, task_id: str) -> Identity:
        """Raises `TaskbeamError` ``unauthenticated``, ``unknown_task``, ``forbidden``; redis-py's errors."""
        identity = self.require_anybody()
        refusal = await self._guard.access.refusal(identity, action, task_id)
        if refusal is not None:
            raise TaskbeamError(refusal)
        return identity

    def require_anybody(self) -> Identity:
        """Whoever it is, if it is known; raises `TaskbeamError` ``unauthenticated``."""
        if self.identity is None:
            raise TaskbeamError(UNAUTHENTICATED)
        return self.identity

    def require_feed(self, name: str) -> FeedName:
        """The feed of this name; raises `TaskbeamError` ``unauthenticated``, ``unknown_feed``."""
        return self._guard.feeds.require(self.require_anybody(), name)

    def require_owner(self) -> str:
        """Whose all tasks the identity is good for: that person alone says who is told of them.

        Others have a `subject`, or a feed that they may read, in common with the person, such as whoever has
        a shared token or a ticket. Raises as `require_feed`, also where the owner may not read their feed.
        """
        owner = self.require_anybody().owner
        if owner is None:
            raise TaskbeamError(UNKNOWN_FEED)
        return self.require_feed(f"{FeedKind.OWNER}:{owner}").of

    def reader_of_feed(self, name: str) -> Identity:
        """The part of the identity that reads the feed of this name; raises as `require_feed`."""
        return self.require_anybody().reader_of_feed(str(self.require_feed(name)))

    def enter(self, transport: Transport = Transport.POLL) -> Admission:
        """Stay for a while.

        Raises `TaskbeamError` ``too_many_connections``; ``token_revoked`` for who was revoked since it came.
        """
        if self.identity is not None:
            self._guard.check(self.identity)
        return self._guard.admissions.admit(self.address, self.identity, transport)

    @contextmanager
    def visit(self) -> Iterator[Visit]:
        """Stay for as long as the block lasts, which ends early with the token.

        Raises as `enter`; after the block also ``token_expired`` and ``token_revoked``.
        """
        admission, visit = self.enter(), Visit()
        admission.attach(visit)
        try:
            yield visit
        finally:
            admission.leave()
        visit.check()
