"""The WebSocket endpoints: one task per socket, or many."""

from collections.abc import Callable

from fastapi import APIRouter, WebSocket

from taskbeam.gateway.auth.caller import Caller
from taskbeam.gateway.auth.socket_auth import SocketAuth
from taskbeam.gateway.delivery.part import PartAsked
from taskbeam.gateway.dependencies import CallerDep, RuntimeDep
from taskbeam.gateway.http.counted_problems import count_problem
from taskbeam.gateway.problems import TaskbeamError
from taskbeam.gateway.runtime import Runtime
from taskbeam.gateway.transports.multiplex_session import MultiplexSession
from taskbeam.gateway.transports.session import Session, Socket
from taskbeam.gateway.transports.socket import serve_socket
from taskbeam.gateway.transports.task_session import RefusedSession, task_session
from taskbeam.measures.client_counts import Transport
from taskbeam.tracing.current import current_span

router = APIRouter()


@router.websocket("/tasks/{task_id}/ws")
async def one_task(
    websocket: WebSocket,
    gateway: RuntimeDep,
    caller: CallerDep,
    task_id: str,
    after: str | None = None,
    types: str | None = None,
    states: str | None = None,
    tail: str | None = None,
) -> None:
    """The task's events after the cursor, one text message each; closes with 1000 after the final one."""

    def begin(socket: Socket) -> Session:
        part = PartAsked(after, types, states, tail).parse()
        timeout = gateway.settings.auth_timeout
        return task_session(socket, gateway.hub, _auth(gateway, caller), task_id, part, timeout)

    await _serve(websocket, gateway, begin)


@router.websocket("/ws")
async def many_tasks(websocket: WebSocket, gateway: RuntimeDep, caller: CallerDep) -> None:
    """Subscribe to tasks, and unsubscribe, on one socket."""

    def begin(socket: Socket) -> Session:
        settings = gateway.settings
        auth = _auth(gateway, caller)
        return MultiplexSession(
            socket,
            gateway.hub,
            auth,
            settings.max_subscriptions,
            auth_timeout=settings.auth_timeout,
            idle_timeout=settings.idle_timeout,
            redis_timeout=settings.redis_timeout,
        )

    await _serve(websocket, gateway, begin)


async def _serve(websocket: WebSocket, gateway: Runtime, begin: Callable[[Socket], Session]) -> None:
    def begin_or_refuse(socket: Socket) -> Session:
        try:
            return begin(socket)
        except TaskbeamError as error:
            count_problem(websocket.scope, error.problem)
            return RefusedSession(socket, error.problem)

    await serve_socket(websocket, begin_or_refuse, gateway)


def _auth(gateway: Runtime, caller: Caller) -> SocketAuth:
    return SocketAuth(gateway.guard, caller.enter(Transport.WEBSOCKET), current_span())
