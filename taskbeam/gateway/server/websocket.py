"""uvicorn's WebSocket protocol, offering to detach a socket after the handshake."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from taskbeam.gateway.server.detach import EXTENSION, Detached

if TYPE_CHECKING:
    import asyncio

    from websockets.http11 import Request

    from taskbeam.gateway.server.detach import DetachedProtocol


class DetachableWebSocket(WebSocketsSansIOProtocol):
    """An accepted socket can be taken over.

    What a client sent before it was accepted, which RFC 6455 forbids it (4.1), is lost.
    """

    def handle_connect(self, event: Request) -> None:
        super().handle_connect(event)
        if self.response.status_code == 101:
            scope = cast("dict[str, Any]", self.scope)
            scope["extensions"][EXTENSION] = {"detach": self.detach}

    def detach(self, protocol: DetachedProtocol) -> Detached:
        """Let ``protocol`` speak WebSocket from here; the app returns without another ASGI message."""
        if self.disconnected or self.transport.is_closing():
            return Detached.GONE
        self.stop_keepalive()
        if self.read_paused:
            self.transport.resume_reading()
        self.connections.discard(self)
        self.transport.set_protocol(cast("asyncio.BaseProtocol", protocol))
        protocol.taken_over(self.transport, self.connections)
        # uvicorn closes its transport when the app returns.
        self.transport = cast("asyncio.Transport", _NoTransport())
        return Detached.DONE


class _NoTransport:
    """Stands where a transport was that is no longer uvicorn's to close."""

    def close(self) -> None:
        """Nothing to close."""
