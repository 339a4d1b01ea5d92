"""The ASGI extension `taskbeam.detach`: hand a connection's transport to a protocol of our own.

FastAPI routes, authenticates and shakes hands; then no task, no queue and no ASGI message stands
between an event and the socket. The server keeps the connection in its set, so it is drained too.
"""

import asyncio
from collections.abc import Callable, MutableMapping
from enum import Enum
from typing import Any, Protocol

EXTENSION = "taskbeam.detach"


class DetachedProtocol(Protocol):
    """An `asyncio.Protocol` that can stand in uvicorn's set of connections, and leaves it when it is lost."""

    def taken_over(self, transport: asyncio.Transport, connections: set[Any]) -> None:
        """The transport is the protocol's from here."""

    def data_received(self, data: bytes) -> None:
        """The client sent something."""

    def shutdown(self) -> None:
        """The server stops: say good-bye and close. It may be told so more than once."""


class Detached(Enum):
    """What came of asking for a connection."""

    #: The protocol has it.
    DONE = "done"
    #: The client is gone already.
    GONE = "gone"
    #: The client speaks HTTP/1.0, and reads no chunks; or something between the application and the server
    #: still holds the head of the response, or may change the body (a middleware that compresses, or that
    #: rewrites headers): the application is to send it.
    REFUSED = "refused"


#: Takes the protocol that replaces the server's own.
Detach = Callable[[DetachedProtocol], Detached]


def detach_of(scope: MutableMapping[str, Any]) -> Detach | None:
    """What the server offers for this connection; None on a server without the extension."""
    detach: Detach | None = (scope.get("extensions") or {}).get(EXTENSION, {}).get("detach")
    return detach
