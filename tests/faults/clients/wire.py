"""HTTP/1.1 (RFC 9112) as a client reads it from a socket: heads, bodies and chunks, at its own pace."""

from __future__ import annotations

import asyncio
import json
import socket
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

#: Seconds without a byte after which a client takes its connection for dead. Heartbeats come more often.
SILENCE = 30.0

#: Bytes that a client takes from its socket before it has read them, and at once where it is to be slow.
_AHEAD, _SIP = 8192, 256

#: The kernel's buffer of a client that is to be slow.
_SMALL = 4096


class ProblemError(Exception):
    """The gateway said why it does not serve: a code of the contract, and whether to come back."""

    def __init__(self, code: str, *, retry: bool) -> None:
        super().__init__(code)
        self.code = code
        self.retry = retry

    @classmethod
    def of(cls, answer: Answer, body: bytes) -> ProblemError:
        """Of an answer that is no success; one that is no `problem+json` breaks the contract."""
        if "application/problem+json" not in answer.headers.get("content-type", ""):
            return cls(f"bare {answer.status}", retry=False)
        return cls.told(json.loads(body))

    @classmethod
    def told(cls, problem: dict[str, Any]) -> ProblemError:
        return cls(problem["code"], retry=problem["retry"])


class Pace:
    """How fast a client reads: ``rate`` in bytes per second, and not at all while it is frozen."""

    def __init__(self, rate: int | None = None) -> None:
        self.rate = rate
        self.thawed = asyncio.Event()
        self.thawed.set()

    async def read(self, reader: asyncio.StreamReader) -> bytes:
        """What comes next; nothing at the end."""
        if not self.thawed.is_set():
            await self.thawed.wait()
        data = await reader.read(_SIP if self.rate else _AHEAD)
        if self.rate:
            await asyncio.sleep(len(data) / self.rate)
        return data


class Answer(NamedTuple):
    """The head of an answer; names of headers are in lower case."""

    status: int
    headers: dict[str, str]


class Wire:
    """One connection to a port of this machine. What was read and is not asked for yet waits in a buffer.

    A thousand clients read in one thread, so an event that is there already costs neither a task nor a timer.
    """

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, pace: Pace) -> None:
        self._reader = reader
        self._writer = writer
        self._pace = pace
        self._buffer = bytearray()

    @classmethod
    async def open(cls, port: int, pace: Pace) -> Wire:
        """Raises `OSError` if nobody is there."""
        connected = socket.socket()
        if pace.rate:
            connected.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _SMALL)
        connected.setblocking(False)
        try:
            async with asyncio.timeout(SILENCE):
                await asyncio.get_running_loop().sock_connect(connected, ("127.0.0.1", port))
        except BaseException:
            connected.close()
            raise
        return cls(*await asyncio.open_connection(sock=connected, limit=_AHEAD), pace)

    def drop(self) -> None:
        """Go without a word."""
        self._writer.transport.abort()

    async def ask(self, path: str, *headers: str) -> Answer:
        """Send a GET, and return the head of its answer."""
        self.send("\r\n".join([f"GET {path} HTTP/1.1", "Host: 127.0.0.1", *headers, "", ""]).encode())
        status, *lines = (await self._until(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        pairs = (line.split(":", 1) for line in lines if line)
        return Answer(int(status.split()[1]), {name.lower(): value.strip() for name, value in pairs})

    def send(self, data: bytes) -> None:
        self._writer.write(data)

    async def exactly(self, count: int) -> bytes:
        """The next bytes; raises `EOFError` where the connection ends before, `TimeoutError` in silence."""
        while len(self._buffer) < count:
            await self._read()
        return self._take(count)

    async def pieces(self, answer: Answer) -> AsyncIterator[bytes]:
        """The body as it comes. A chunked one that ends without its last chunk raises `EOFError`."""
        if answer.headers.get("transfer-encoding") == "chunked":
            while size := int(await self._until(b"\r\n"), 16):
                yield (await self.exactly(size + 2))[:-2]
            await self.exactly(2)
        elif size := int(answer.headers.get("content-length", 0)):
            yield await self.exactly(size)

    async def body(self, answer: Answer) -> bytes:
        """The whole body."""
        return b"".join([piece async for piece in self.pieces(answer)])

    async def _until(self, mark: bytes) -> bytes:
        """The next bytes, with those of the mark."""
        looked = 0
        while (end := self._buffer.find(mark, looked)) < 0:
            looked = max(0, len(self._buffer) - len(mark) + 1)
            await self._read()
        return self._take(end + len(mark))

    async def _read(self) -> None:
        async with asyncio.timeout(SILENCE if self._pace.thawed.is_set() else None):
            data = await self._pace.read(self._reader)
        if not data:
            raise EOFError
        self._buffer += data

    def _take(self, count: int) -> bytes:
        taken = bytes(self._buffer[:count])
        del self._buffer[:count]
        return taken
