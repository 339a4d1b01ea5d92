"""The gateway as FastAPI dependencies: what a route of its own, or of the application around it, asks for."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Header
from starlette.requests import HTTPConnection
from starlette.websockets import WebSocket

from taskbeam.gateway.auth.caller import Caller, identity_by_token
from taskbeam.gateway.auth.identity import Identity
from taskbeam.gateway.auth.senders import Sender, sender_of
from taskbeam.gateway.http.answer_body import forbid_null
from taskbeam.gateway.http.browser_safety import SAFE, is_foreign
from taskbeam.gateway.http.problem_details import answer_problem
from taskbeam.gateway.http.security_schemes import API_KEY, TASK_COOKIE, TICKET, TOKEN
from taskbeam.gateway.problems import FOREIGN_ORIGIN, TaskbeamError
from taskbeam.gateway.runtime import Runtime

_RUNTIME, _CALLER = "taskbeam.runtime", "taskbeam.caller"


@dataclass(frozen=True)
class Dependencies:
    """What differs from gateway to gateway.

    - ``bind``: the gateway that answers, for `RuntimeDep`; refuses other sites' pages.
    - ``caller``: who asks, a `Caller`; also for `CallerDep`.
    - ``token_caller``: the same, where a cookie or a ticket, which only read, is not enough.
    - ``sender``: who sends a task, a `Sender`.
    """

    bind: Callable[..., Any]
    caller: Callable[..., Any]
    token_caller: Callable[..., Any]
    sender: Callable[..., Any]


def dependencies(
    start: Callable[[], Runtime],
    identify: Callable[..., Any] | None,
    identify_sender: Callable[..., Any] | None,
    *,
    tokens: bool,
) -> Dependencies:
    """Make a gateway's dependencies.

    ``start`` returns the runtime, which it starts if need be. ``identify`` and ``identify_sender`` are
    FastAPI dependencies of the application's own; they return an `Identity` or None, and a `Sender`.
    ``tokens``: whether the gateway takes tokens; its document says so.
    """
    application_identity = identify or _nobody
    token, credentials = (TOKEN, _credentials) if tokens else (_nobody, _nobody)

    async def bind(connection: HTTPConnection) -> None:
        runtime = start()
        connection.scope[_RUNTIME] = runtime
        is_safe = connection.scope["type"] == "http" and connection.scope["method"] in SAFE
        headers = connection.headers
        if not is_safe and is_foreign(
            headers.get("origin"), headers.get("host"), runtime.settings.allowed_origins
        ):
            raise TaskbeamError(FOREIGN_ORIGIN)

    async def identified(
        connection: HTTPConnection, own: Annotated[Identity | None, Depends(application_identity)]
    ) -> Caller:
        guard = start().guard
        identity = own if own is not None else await identity_by_token(guard, connection)
        client = connection.client
        found = Caller(guard, identity, client.host if client is not None else None)
        connection.scope[_CALLER] = found
        return found

    async def caller(
        found: Annotated[Caller, Depends(identified)], _: Annotated[None, Depends(credentials)]
    ) -> Caller:
        return found

    async def token_caller(
        found: Annotated[Caller, Depends(identified)], _: Annotated[None, Depends(token)]
    ) -> Caller:
        return found

    async def sender(
        found: Annotated[Caller, Depends(identified)],
        _token: Annotated[None, Depends(token)],
        _key: Annotated[None, Depends(API_KEY)],
        x_api_key: Annotated[str | None, Header(include_in_schema=False)] = None,
        taskbeam_owner: Annotated[
            str | None,
            Header(
                description="With an API key: whose the task is.",
                max_length=255,
                json_schema_extra=forbid_null,
            ),
        ] = None,
    ) -> Sender:
        runtime = start()
        if runtime.guard.open:
            return Sender(taskbeam_owner)
        return sender_of(found.identity, x_api_key, taskbeam_owner, runtime.settings.api_keys)

    return Dependencies(bind, caller, token_caller, identify_sender or sender)


async def _credentials(
    _token: Annotated[None, Depends(TOKEN)],
    _cookie: Annotated[None, Depends(TASK_COOKIE)],
    _ticket: Annotated[None, Depends(TICKET)],
) -> None:
    """Any of these; `identity_by_token` finds out which."""


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
