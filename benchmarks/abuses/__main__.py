"""Do one of them until the input ends; says `ready` first.

    python -m benchmarks.abuses NAME PORT TASK CROWD SECONDS

``CROWD``: how many do it at once, but for those who shout, of whom there is one. ``SECONDS``: in which the
task's events fill what lies between it and a client that does not read.
"""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from tests.support.raw_websocket import frame

from ..machine import allow_many_sockets

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

#: Bytes per second of junk.
JUNK = 10_000_000


class Target(NamedTuple):
    """Who is abused, and how much."""

    port: int
    task: str
    crowd: int
    seconds: float


def handshake(path: str) -> bytes:
    return (
        f"GET {path} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
    ).encode()


async def half_open(target: Target) -> list[asyncio.StreamWriter]:
    """A handshake that never ends."""
    return await _crowd(target, handshake("/ws")[:-4])


async def never_reading(target: Target) -> list[asyncio.StreamWriter]:
    """Sockets that follow a busy task, and read nothing."""
    writers = await _crowd(target, handshake(f"/tasks/{target.task}/ws"))
    for writer in writers:
        writer.transport.pause_reading()  # type: ignore[attr-defined]
    await asyncio.sleep(target.seconds)
    return writers


async def shouting(target: Target) -> list[asyncio.StreamWriter]:
    """Junk on a socket, as fast as it goes, and again on the next one when it is closed."""
    _shouts.append(asyncio.create_task(_shout(target.port)))
    return []


async def nothing(_: Target) -> list[asyncio.StreamWriter]:
    """The quiet run."""
    return []


ABUSES: dict[str, Callable[[Target], Awaitable[list[asyncio.StreamWriter]]]] = {
    "quiet": nothing,
    "half-open": half_open,
    "never-reading": never_reading,
    "shouting": shouting,
}


#: Nobody else holds them.
_shouts: list[asyncio.Task[None]] = []


async def _crowd(target: Target, request: bytes) -> list[asyncio.StreamWriter]:
    writers = []
    for _ in range(target.crowd // 100):
        opened = await asyncio.gather(*(_connect(target.port) for _ in range(100)), return_exceptions=True)
        for writer in opened:
            if not isinstance(writer, BaseException):
                writer.write(request)
                writers.append(writer)
    return writers


async def _connect(port: int) -> asyncio.StreamWriter:
    """With a small receive buffer, which is soon full."""
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.setblocking(False)
    await asyncio.get_running_loop().sock_connect(client, ("127.0.0.1", port))
    _, writer = await asyncio.open_connection(sock=client, limit=4096)
    return writer


async def _shout(port: int) -> None:
    junk = frame(1, os.urandom(40_000).hex().encode()[:50_000])
    while True:
        with suppress(OSError):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(handshake("/ws"))
            while not writer.is_closing():
                writer.write(junk)
                await writer.drain()
                await asyncio.sleep(len(junk) / JUNK)
        await asyncio.sleep(0.01)


async def main(name: str, target: Target) -> None:
    writers = await ABUSES[name](target)
    print("ready", flush=True)
    await asyncio.to_thread(sys.stdin.read)
    for writer in writers:
        writer.transport.abort()


if __name__ == "__main__":
    allow_many_sockets()
    name, port, task, crowd, seconds = sys.argv[1:]
    asyncio.run(main(name, Target(int(port), task, int(crowd), float(seconds))))
