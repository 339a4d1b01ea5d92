"""Who asks, as a parameter of a route; an application may replace `identify` by a dependency of its own."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

from fastapi import Depends
from starlette.requests import HTTPConnection

from taskbeam.gateway.auth.credentials import find_credentials
from taskbeam.gateway.auth.identity import ANYONE, Action, Identity
from taskbeam.gateway.gateway import Gateway, GatewayDep
from taskbeam.gateway.limits.admission import Admission
from taskbeam.gateway.problems import UNAUTHENTICATED, TaskbeamError


async def identify(connection: HTTPConnection, gateway: GatewayDep) -> Identity | None:
    """The identity that the request's token or ticket proves; None where it brings neither.

    Raises `TaskbeamError`: ``unauthenticated``, ``token_expired``, ``token_revoked``, ``unavailable``.
    """
    guard = gateway.guard
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
    return guard.verify(token or "")


class Caller:
    """Whoever made the request. ``identity`` is None before a socket's client has said who it is."""

    def __init__(self, gateway: Gateway, identity: Identity | None, address: str | None) -> None:
        self._guard = gateway.guard
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


def _caller(
    connection: HTTPConnection, gateway: GatewayDep, identity: Annotated[Identity | None, Depends(identify)]
) -> Caller:
    client = connection.client
    return Caller(gateway, identity, client.host if client is not None else None)


#: Who asks, as a parameter of a route.
CallerDep = Annotated[Caller, Depends(_caller)]
