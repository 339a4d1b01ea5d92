"""The WebSocket endpoints: one task per socket, or many."""

from fastapi import APIRouter, WebSocket

from taskbeam.errors import TaskbeamError
from taskbeam.events import EventId

from ..gateway import GatewayDep
from ..transports.multiplex_session import MultiplexSession
from ..transports.session import Session, Socket
from ..transports.socket import serve_socket
from ..transports.task_session import RefusedSession, TaskSession

router = APIRouter()


@router.websocket("/tasks/{task_id}/ws")
async def one_task(websocket: WebSocket, gateway: GatewayDep, task_id: str, after: str | None = None) -> None:
    """The task's events after the cursor, one text message each; closes with 1000 after the final one."""

    def begin(socket: Socket) -> Session:
        try:
            cursor = EventId.parse(after) if after else None
        except TaskbeamError as error:
            return RefusedSession(socket, error.problem.close, error.problem.code)
        return TaskSession(socket, gateway.hub, task_id, cursor)

    await serve_socket(websocket, begin, gateway.heart, gateway.settings.max_message_bytes)


@router.websocket("/ws")
async def many_tasks(websocket: WebSocket, gateway: GatewayDep) -> None:
    """Subscribe to tasks, and unsubscribe, on one socket."""

    def begin(socket: Socket) -> Session:
        return MultiplexSession(socket, gateway.hub, gateway.settings.max_subscriptions)

    await serve_socket(websocket, begin, gateway.heart, gateway.settings.max_message_bytes)
