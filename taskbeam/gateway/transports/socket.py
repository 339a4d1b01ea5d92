"""WebSocket: accept one, and let a session speak on it, detached or not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from taskbeam.gateway.auth.credentials import SUBPROTOCOL
from taskbeam.gateway.server.detach import Detached, detach_of
from taskbeam.gateway.transports.detached_socket import DetachedSocket
from taskbeam.gateway.transports.portable_socket import PortableSocket

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.websockets import WebSocket

    from taskbeam.gateway.runtime import Runtime
    from taskbeam.gateway.transports.session import Session, Socket


async def serve_socket(
    websocket: WebSocket,
    begin: Callable[[Socket], Session],
    gateway: Runtime,
) -> None:
    """Accept the socket and let a session speak on it until it closes.

    Returns at once when the server detached the socket, else when it is closed.
    """
    max_message_bytes = gateway.settings.max_message_bytes
    spoken = SUBPROTOCOL if SUBPROTOCOL in websocket.scope.get("subprotocols", ()) else None
    await websocket.accept(spoken)
    detach = detach_of(websocket.scope)
    if detach is None:
        portable = PortableSocket(websocket, max_message_bytes)
        with gateway.shutdown.watched_by(portable.shutdown):
            await portable.serve(begin)
        return
    socket = DetachedSocket(gateway.heartbeats, gateway.portions, max_message_bytes)
    if detach(socket) is Detached.DONE:
        socket.begin(begin(socket))
