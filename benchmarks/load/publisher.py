"""Publishes events without waiting for the answers, but reads every one."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING, NamedTuple, Protocol, Self, cast
from zlib import crc32

import hiredis

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from .payload import Payload

#: A Redis command: its name and arguments.
Command = tuple[str | bytes | int, ...]

_STATUS = re.compile(rb"HTTP/1\.1 (\d{3}[^\r]*)\r")
_LONGEST_STATUS = 128

#: Seconds that an answer may take.
PATIENCE = 30.0


class Publisher(Protocol):
    """Sends events to a server, in order for each task."""

    def publish(self, payload: Payload) -> None:
        """Send one event; raises `ConnectionError` when nobody takes it any more."""

    async def answered(self) -> None:
        """Wait until everything that was sent is answered; raises what was answered if it was an error."""

    def check(self) -> None:
        """Raise what was answered, if that was an error."""

    def close(self) -> None:
        """Drop the connections."""


class _Connection(asyncio.Protocol):
    """Writes requests, counts their answers, and keeps the first error among them."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._pending = 0
        self._idle: asyncio.Future[None] | None = None
        self._error: Exception | None = None

    @classmethod
    async def open(cls, port: int) -> Self:
        _, connection = await asyncio.get_running_loop().create_connection(cls, "127.0.0.1", port)
        return connection

    def send(self, data: bytes) -> None:
        if self._transport is None:
            raise ConnectionError("the publisher's connection was closed")
        self._pending += 1
        self._transport.write(data)

    async def answered(self) -> None:
        if self._pending:
            self._idle = asyncio.get_running_loop().create_future()
            async with asyncio.timeout(PATIENCE):
                await self._idle
        self.check()

    def check(self) -> None:
        if self._error is not None:
            raise self._error

    def answer(self, error: Exception | None) -> None:
        self._pending -= 1
        self._error = self._error or error
        if not self._pending and self._idle is not None and not self._idle.done():
            self._idle.set_result(None)

    def close(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        self._transport = None


class _RedisConnection(_Connection):
    def __init__(self) -> None:
        super().__init__()
        self._replies = hiredis.Reader()

    def data_received(self, data: bytes) -> None:
        self._replies.feed(data)
        while (reply := self._replies.gets()) is not False:
            self.answer(reply if isinstance(reply, hiredis.ReplyError) else None)


class _HttpConnection(_Connection):
    def __init__(self) -> None:
        super().__init__()
        self._rest = b""

    def data_received(self, data: bytes) -> None:
        data, done = self._rest + data, 0
        for status in _STATUS.finditer(data):
            done = status.end()
            accepted = status[1].startswith(b"2")
            self.answer(None if accepted else ConnectionError(status[1].decode("latin-1")))
        self._rest = data[max(done, len(data) - _LONGEST_STATUS) :]


class RedisPublisher:
    """Publishes with a Redis command per event, all over one connection."""

    def __init__(self, connection: _RedisConnection, command: Callable[[Payload], Command]) -> None:
        self._connection = connection
        self._command = command

    @classmethod
    async def connect(
        cls, port: int, command: Callable[[Payload], Command], greeting: Iterable[Command] = ()
    ) -> Self:
        """Connect to a Redis on this machine and send it the greeting first."""
        connection = await _RedisConnection.open(port)
        for first in greeting:
            connection.send(hiredis.pack_command(first))  # type: ignore[arg-type]
        return cls(connection, command)

    def publish(self, payload: Payload) -> None:
        self._connection.send(hiredis.pack_command(self._command(payload)))  # type: ignore[arg-type]

    async def answered(self) -> None:
        await self._connection.answered()

    def check(self) -> None:
        self._connection.check()

    def close(self) -> None:
        self._connection.close()


class Post(NamedTuple):
    """What is posted; each of the further headers ends with CR LF."""

    path: str
    body: str
    headers: str = ""

    def encode(self) -> bytes:
        """The HTTP/1.1 request."""
        content = self.body.encode()
        head = f"POST {self.path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{self.headers}"
        return f"{head}Content-Length: {len(content)}\r\n\r\n".encode() + content


class HttpPublisher:
    """Publishes with a POST per event, pipelined over a few connections that stay open.

    A task's events all go over one of them, so that they keep their order.
    """

    CONNECTIONS = 8

    def __init__(self, connections: list[_HttpConnection], post: Callable[[Payload], Post]) -> None:
        self._connections = connections
        self._post = post

    @classmethod
    async def connect(cls, port: int, post: Callable[[Payload], Post]) -> Self:
        """Connect to a server on this machine."""
        return cls([await _HttpConnection.open(port) for _ in range(cls.CONNECTIONS)], post)

    def publish(self, payload: Payload) -> None:
        connection = self._connections[crc32(payload.task_id.encode()) % len(self._connections)]
        connection.send(self._post(payload).encode())

    async def answered(self) -> None:
        for connection in self._connections:
            await connection.answered()

    def check(self) -> None:
        for connection in self._connections:
            connection.check()

    def close(self) -> None:
        for connection in self._connections:
            connection.close()
