"""What detached connections have in common: a transport, a heartbeat, and a place among the server's."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from taskbeam.gateway.delivery.heartbeat import Heartbeats


class DetachedConnection(asyncio.Protocol):
    """A connection of a few fields; thousands of them are idle at any time."""

    __slots__ = ("_connections", "_heartbeats", "_slot", "transport")

    def __init__(self, heartbeats: Heartbeats) -> None:
        self._heartbeats = heartbeats
        self.transport: asyncio.Transport | None = None

    def taken_over(self, transport: asyncio.Transport, connections: set[Any]) -> None:
        """The transport is ours; the server drains what is in ``connections`` when it stops."""
        self.transport = transport
        self._slot = self._heartbeats.add(self)
        self._connections = connections
        connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        self.transport = None
        self._connections.discard(self)
        self._heartbeats.remove(self, self._slot)
        self.gone()

    def write(self, data: bytes) -> None:
        """Write, if the client is still there."""
        if self.transport is not None:
            self.transport.write(data)

    @property
    def number(self) -> int:
        """What log lines call it."""
        raise NotImplementedError

    def gone(self) -> None:
        """The client is gone."""
        raise NotImplementedError

    def ping(self) -> None:
        """Show the peer, and the proxies between, that the connection lives."""
        raise NotImplementedError

    def shutdown(self) -> None:
        """The server stops: say good-bye and close."""
        raise NotImplementedError
