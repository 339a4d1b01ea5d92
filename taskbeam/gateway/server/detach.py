"""The ASGI extension `taskbeam.detach`: hand a connection's transport to a protocol of our own.

FastAPI routes, authenticates and shakes hands; then no task, no queue and no ASGI message stands
between an event and the socket. The server keeps the connection in its set, so it is drained too.
"""

import asyncio
from collections.abc import Callable, MutableMapping
from typing import Any, Protocol

EXTENSION = "taskbeam.detach"


class DetachedProtocol(Protocol):
    """An `asyncio.Protocol` that can stand in uvicorn's set of connections, and leaves it when it is lost."""

    def taken_over(self, transport: asyncio.Transport, connections: set[Any]) -> None:
        """The transport is the protocol's from here."""

    def data_received(self, data: bytes) -> None:
        """The client sent something."""

    def shutdown(self) -> None:
        """The server stops: say good-bye and close."""


#: Takes the protocol that replaces the server's own; False = the client is gone already.
Detach = Callable[[DetachedProtocol], bool]


def detach_of(scope: MutableMapping[str, Any]) -> Detach | None:
    """What the server offers for this connection; None on a server without the extension."""
    detach: Detach | None = (scope.get("extensions") or {}).get(EXTENSION, {}).get("detach")
    return detach
