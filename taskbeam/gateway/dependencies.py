"""The gateway as FastAPI dependencies: what a route of its own, or of the application around it, asks for."""

import logging
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Header
from starlette.exceptions import HTTPException, WebSocketException
from starlette.requests import HTTPConnection
from starlette.websockets import WebSocket

from taskbeam.background.log_fields import about, begin_connection
from taskbeam.gateway.auth.asking import bounded
from taskbeam.gateway.auth.caller import Caller, identity_by_token
from taskbeam.gateway.auth.guard import Guard
from taskbeam.gateway.auth.identity import READ_ONLY, Identity
from taskbeam.gateway.auth.senders import Sender, sender_by_key, sender_of
from taskbeam.gateway.auth.shared_api_keys import SharedApiKeys
from taskbeam.gateway.http.browser_safety import SAFE, Sites
from taskbeam.gateway.http.counted_problems import count_in
from taskbeam.gateway.http.negotiation import refuse_simple_body
from taskbeam.gateway.http.owner_header import describe_owner, owner_in
from taskbeam.gateway.http.problem_details import answer_problem, problem_of
from taskbeam.gateway.http.security_schemes import API_KEY, TASK_COOKIE, TICKET, TOKEN
from taskbeam.gateway.problems import FORBIDDEN, INTERNAL, TaskbeamError
from taskbeam.gateway.runtime import Runtime

logger = logging.getLogger(__name__)

_RUNTIME, _CALLER, _SENDER = "taskbeam.runtime", "taskbeam.caller", "taskbeam.sender"


@dataclass(frozen=True)
class Dependencies:
    """What differs from gateway to gateway.

    - ``bind``: the gateway that answers, for `RuntimeDep`.
    - ``own_site``: refuses other sites' pages, hosts that are not the gateway's, and bodies that a page may
      send to another site unasked.
    - ``caller``: who asks, a `Caller`; also for `CallerDep`.
    - ``token_caller``: the same, where a cookie or a ticket that only reads is not enough.
    - ``sender``: who sends a task, a `Sender`.
    """

    bind: Callable[..., Any]
    own_site: Callable[..., Any]
    caller: Callable[..., Any]
    token_caller: Callable[..., Any]
    sender: Callable[..., Any]


def dependencies(
    start: Callable[[], Runtime],
    sites: Sites,
    timeout: float,
    identify: Callable[..., Any] | None,
    identify_sender: Callable[..., Any] | None,
    shared_api_keys: SharedApiKeys,
    *,
    tokens: bool,
) -> Dependencies:
    """Make a gateway's dependencies.

    ``start`` returns the runtime, which it starts if need be. ``sites`` says which requests are answered.
    ``identify`` and ``identify_sender`` are FastAPI dependencies of the application's own; they return an
    `Identity` or None, and a `Sender`, for which they have ``timeout`` seconds.
    ``shared_api_keys`` are those of the settings. ``tokens``: whether the gateway takes tokens; its document
    says so.
    """
    application_identity = bounded(identify, timeout) if identify is not None else _nobody
    application_sender = bounded(identify_sender, timeout) if identify_sender is not None else None
    token, credentials = (TOKEN, _credentials) if tokens else (_nobody, _nobody)

    async def bind(connection: HTTPConnection) -> None:
        begin_connection()
        runtime = connection.scope[_RUNTIME] = start()
        count_in(connection.scope, runtime.measures.clients)

    async def own_site(connection: HTTPConnection) -> None:
        sites.check(connection.scope)
        if connection.scope["type"] == "http" and connection.scope["method"] not in SAFE:
            refuse_simple_body(connection.headers)

    async def identified(
        connection: HTTPConnection, own: Annotated[Identity | None, Depends(application_identity)]
    ) -> Caller:
        guard = start().guard
        await guard.recognize(own)
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
        connection: HTTPConnection,
        own: Annotated[Identity | None, Depends(application_identity)],
        found: Annotated[Caller, Depends(identified)],
        _: Annotated[None, Depends(token)],
    ) -> Caller:
        _refuse_readers(connection, own, found.identity)
        return found

    async def own_sender(
        connection: HTTPConnection,
        found: Annotated[Caller, Depends(identified)],
        _token: Annotated[None, Depends(token)],
        _key: Annotated[None, Depends(API_KEY)],
        x_api_key: Annotated[str | None, Header(include_in_schema=False)] = None,
        _owner: Annotated[
            str | None,
            Header(
                alias="Taskbeam-Owner",
                description="With an API key: whose the task is, in UTF-8, or as RFC 8187 writes it: "
                "`UTF-8''J%C3%BCrgen`.",
                json_schema_extra=describe_owner,
            ),
        ] = None,
    ) -> Sender:
        owner = owner_in(connection.scope["headers"])
        return await _sender(start().guard, found.identity, x_api_key, owner, shared_api_keys)

    async def sender(
        connection: HTTPConnection, found: Annotated[Sender, Depends(application_sender or own_sender)]
    ) -> Sender:
        # The gateway's own has been checked; one of the application's may be a session that was revoked.
        await start().guard.recognize(found.identity)
        connection.scope[_SENDER] = found
        return found

    return Dependencies(bind, own_site, caller, token_caller, sender)


async def _sender(
    guard: Guard, identity: Identity | None, api_key: str | None, owner: str | None, shared: SharedApiKeys
) -> Sender:
    if guard.open:
        return Sender(owner)
    if api_key is not None:
        return await sender_by_key(api_key, owner, shared, guard.api_keys)
    return sender_of(identity)


def _refuse_readers(connection: HTTPConnection, own: Identity | None, identity: Identity | None) -> None:
    """Raise `TaskbeamError` ``forbidden`` where a cookie or a ticket says who asks, and only reads.

    An operator's cookie acts, and ``own``, which the application knows by itself, is what it says.
    """
    by_itself = own is not None or "authorization" in connection.headers
    if not by_itself and identity is not None and identity.scopes <= READ_ONLY:
        raise TaskbeamError(FORBIDDEN)


def sender_in(connection: HTTPConnection) -> Sender | None:
    """Who sends a task by the request; None where no route of it asked."""
    sender: Sender | None = connection.scope.get(_SENDER)
    return sender


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
    except HTTPException as error:
        await answer_problem(websocket, problem_of(error))
    except WebSocketException:
        raise  # the application says how to close it
    except Exception:
        logger.exception("Cannot find out who opens a WebSocket; it is closed.", extra=about())
        await answer_problem(websocket, INTERNAL)


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
