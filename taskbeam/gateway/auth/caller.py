"""Who asks: a request's identity, and what it may do."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from taskbeam.gateway.auth.credentials import find_credentials
from taskbeam.gateway.auth.identity import ANYONE
from taskbeam.gateway.problems import UNAUTHENTICATED, TaskbeamError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.requests import HTTPConnection

    from taskbeam.gateway.auth.guard import Guard
    from taskbeam.gateway.auth.identity import Action, Identity
    from taskbeam.gateway.limits.admission import Admission


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
        connection.cookies,
        connection.scope.get("subprotocols", ()),
    )
    if credentials is None:
        return None
    token = credentials.token
    if credentials.ticket is not None:
        token = await guard.tickets.redeem(credentials.ticket)
    await guard.ready()
    return guard.verify(token or "")


class Caller:
    """Whoever made the request. ``identity`` is None before a socket's client has said who it is."""

    def __init__(self, guard: Guard, identity: Identity | None, address: str | None) -> None:
        self._guard = guard
        self.identity = identity
        self.address = address

    async def require(self, action: Action, task_id: str) -> Identity:
        """Raises `TaskbeamError` ``unauthenticated``, ``unknown_task``, ``forbidden``; redis-py's errors."""
        if self.identity is None:
            raise TaskbeamError(UNAUTHENTICATED)
        refusal = await self._guard.access.refusal(self.identity, action, task_id)
        if refusal is not None:
            raise TaskbeamError(refusal)
        return self.identity

    def enter(self) -> Admission:
        """Stay for a while; raises `TaskbeamError` ``too_many_connections``."""
        return self._guard.admissions.admit(self.address, self.identity)

    @contextmanager
    def visit(self) -> Iterator[None]:
        """Stay for as long as the block lasts."""
        admission = self.enter()
        try:
            yield
        finally:
            admission.leave()
