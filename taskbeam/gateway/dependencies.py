"""The gateway as FastAPI dependencies: what a route of its own, or of the application around it, asks for."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Header
from fastapi.security import APIKeyCookie, APIKeyHeader, APIKeyQuery, HTTPBearer
from starlette.requests import HTTPConnection
from starlette.websockets import WebSocket

from taskbeam.gateway.auth.caller import Caller, identity_by_token
from taskbeam.gateway.auth.credentials import COOKIE
from taskbeam.gateway.auth.identity import Identity
from taskbeam.gateway.auth.senders import Sender, sender_of
from taskbeam.gateway.http.browser_safety import SAFE, is_foreign
from taskbeam.gateway.http.problem_details import answer_problem
from taskbeam.gateway.problems import FOREIGN_ORIGIN, TaskbeamError
from taskbeam.gateway.runtime import Runtime

_RUNTIME, _CALLER = "taskbeam.runtime", "taskbeam.caller"


@dataclass(frozen=True)
class Dependencies:
    """What differs from gateway to gateway.

    - ``bind``: the gateway that answers, for `RuntimeDep`; refuses other sites' pages.
    - ``caller``: who asks, a `Caller`; also for `CallerDep`.
    - ``sender``: who sends a task, a `Sender`.
    """

    bind: Callable[..., Any]
    caller: Callable[..., Any]
    sender: Callable[..., Any]


class _Bearer(HTTPBearer):
    """Documents the token in OpenAPI; it is read by `find_credentials`, beside the other places."""

    async def __call__(self, connection: HTTPConnection) -> None:
        """Let everybody pass."""


class _Cookie(APIKeyCookie):
    """Documents the cookie."""

    async def __call__(self, connection: HTTPConnection) -> None:
        """Let everybody pass."""


class _Ticket(APIKeyQuery):
    """Documents the ticket."""

    async def __call__(self, connection: HTTPConnection) -> None:
        """Let everybody pass."""


class _ApiKey(APIKeyHeader):
    """Documents the key of whoever sends tasks."""

    async def __call__(self, connection: HTTPConnection) -> None:
        """Let everybody pass."""


_COOKIE = _Cookie(name=COOKIE, scheme_name="cookie", auto_error=False)
_TICKET = _Ticket(name="ticket", scheme_name="ticket", auto_error=False, description="Good for one request.")
_API_KEY = _ApiKey(name="X-API-Key", scheme_name="api_key", auto_error=False)

_BEARER = _Bearer(
    scheme_name="token",
    bearerFormat="JWT",
    description="A token of the gateway. It may also be the cookie `taskbeam`, or stand behind `?ticket=`.",
    auto_error=False,
)


def dependencies(
    start: Callable[[], Runtime],
    identify: Callable[..., Any] | None,
    identify_sender: Callable[..., Any] | None,
) -> Dependencies:
    """Make a gateway's dependencies.

    ``start`` returns the runtime, which it starts if need be. ``identify`` and ``identify_sender`` are
    FastAPI dependencies of the application's own; they return an `Identity` or None, and a `Sender`.
    """
    application_identity = identify or _nobody

    async def bind(connection: HTTPConnection) -> None:
        runtime = start()
        connection.scope[_RUNTIME] = runtime
        is_safe = connection.scope["type"] == "http" and connection.scope["method"] in SAFE
        headers = connection.headers
        if not is_safe and is_foreign(
            headers.get("origin"), headers.get("host"), runtime.settings.allowed_origins
        ):
            raise TaskbeamError(FOREIGN_ORIGIN)

    async def caller(
        connection: HTTPConnection,
        own: Annotated[Identity | None, Depends(application_identity)],
        _token: Annotated[None, Depends(_BEARER)],
        _cookie: Annotated[None, Depends(_COOKIE)],
        _ticket: Annotated[None, Depends(_TICKET)],
    ) -> Caller:
        guard = start().guard
        identity = own if own is not None else await identity_by_token(guard, connection)
        client = connection.client
        found = Caller(guard, identity, client.host if client is not None else None)
        connection.scope[_CALLER] = found
        return found

    async def sender(
        caller: Annotated[Caller, Depends(caller)],
        _key: Annotated[None, Depends(_API_KEY)],
        x_api_key: Annotated[str | None, Header(description="One of the gateway's API keys.")] = None,
        taskbeam_owner: Annotated[
            str | None, Header(description="With an API key: whose the task is.", max_length=255)
        ] = None,
    ) -> Sender:
        runtime = start()
        if runtime.guard.open:
            return Sender(taskbeam_owner)
        return sender_of(caller.identity, x_api_key, taskbeam_owner, runtime.settings.api_keys)

    return Dependencies(bind, caller, identify_sender or sender)


async def _nobody() -> None:
    """An application that leaves it to tokens who asks."""


async def socket_problems(websocket: WebSocket) -> AsyncIterator[None]:
    """Close a socket with the problem that a later dependency raised: browsers read no HTTP status of it."""
    try:
        yield
    except TaskbeamError as error:
        await answer_problem(websocket, error.problem)


async def _runtime(connection: HTTPConnection) -> Runtime:
    # Async, or FastAPI would send each request through a thread for it.
    runtime: Runtime = connection.scope[_RUNTIME]
    return runtime


async def _caller(connection: HTTPConnection) -> Caller:
    caller: Caller = connection.scope[_CALLER]
    return caller


#: The gateway that answers, as a parameter of a route of its own.
RuntimeDep = Annotated[Runtime, Depends(_runtime)]

#: Who asks, as a parameter of a route of the gateway's own.
CallerDep = Annotated[Caller, Depends(_caller)]
