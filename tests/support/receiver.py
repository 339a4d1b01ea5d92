"""An HTTP server of a test, which answers requests as the test pleases."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from stack.ports import LOOPBACK

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator, Awaitable, Callable

    #: Answers one request.
    Act = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


#: Turns of the loop in which a connection that was accepted has come to the receiver, and is closed after.
ACCEPTED_WITHIN = 10


class Receiver:
    """Counts connections, keeps the requests, and lets ``act`` answer each."""

    def __init__(self, act: Act) -> None:
        self._act = act
        self.connections = 0
        self.requests: list[tuple[str, bytes]] = []
        self.port = 0
        self._open: set[asyncio.StreamWriter] = set()

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._open.add(writer)
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                length = next(
                    int(line.split(b":")[1])
                    for line in head.lower().split(b"\r\n")
                    if line.startswith(b"content-length")
                )
                self.requests.append((head.decode(), await reader.readexactly(length)))
                await self._act(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self._open.discard(writer)
            writer.transport.abort()

    async def hang_up(self) -> None:
        """Let no connection outlive the test."""
        for _ in range(ACCEPTED_WITHIN):
            for writer in self._open:
                writer.transport.abort()
            await asyncio.sleep(0)


@asynccontextmanager
async def receiving(act: Act, tls: ssl.SSLContext | None = None) -> AsyncIterator[Receiver]:
    receiver = Receiver(act)
    server = await asyncio.start_server(receiver, LOOPBACK, 0, ssl=tls)
    receiver.port = server.sockets[0].getsockname()[1]
    try:
        yield receiver
    finally:
        server.close()
        await receiver.hang_up()


def said(text: str) -> Act:
    async def act(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(text.replace("\n", "\r\n").encode())
        await writer.drain()

    return act
