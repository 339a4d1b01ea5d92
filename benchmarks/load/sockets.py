"""Connections to this machine from many of its own addresses, so that ports do not run out."""

from __future__ import annotations

import asyncio
import socket
from itertools import cycle
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .client import Client

#: `IP_BIND_ADDRESS_NO_PORT` of `linux/in.h`: chosen when the peer is known, a port may serve several.
_BIND_ADDRESS_NO_PORT = 24

#: A port of one address is left alone for a minute after its connection ended (TIME_WAIT).
_ADDRESSES = cycle(f"127.0.0.{last}" for last in range(2, 18))


async def connect(client: Client, port: int, receive_buffer: int | None = None) -> None:
    """Connect a client to a port of this machine; ``receive_buffer``: bytes, about as many as asked for."""
    connection = socket.socket()
    try:
        connection.setblocking(False)
        if receive_buffer is not None:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        _bind(connection)
        loop = asyncio.get_running_loop()
        await loop.sock_connect(connection, ("127.0.0.1", port))
        await loop.create_connection(lambda: client, sock=connection)
    except BaseException:
        connection.close()
        raise


def _bind(connection: socket.socket) -> None:
    try:
        connection.setsockopt(socket.IPPROTO_IP, _BIND_ADDRESS_NO_PORT, 1)
        connection.bind((next(_ADDRESSES), 0))
    except OSError:  # not Linux: the other addresses of the loopback network are not there, either
        return
