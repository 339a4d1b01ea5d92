"""uvicorn, whose connections the kernel gives up when their clients take nothing of what is sent."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import uvicorn

if TYPE_CHECKING:
    from collections.abc import Sequence

#: Seconds for which data may be unacknowledged, or wait for a client that does not read (tcp(7)). Whoever
#: comes back has a cursor.
USER_TIMEOUT = 40


class Server(uvicorn.Server):
    """Serves like `uvicorn.run`."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        for server in self.servers:
            _give_up_silent_clients(server.sockets)


def _give_up_silent_clients(listening: Sequence[socket.socket]) -> None:
    """A connection takes the option over from the socket that it was accepted on (tcp(7))."""
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        for each in listening:
            if each.family != socket.AF_UNIX:
                each.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, USER_TIMEOUT * 1000)
