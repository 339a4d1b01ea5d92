"""A client that counts events: raw asyncio protocols, no JSON, no task, a few microseconds per event.

It asks for what a browser asks for: a server does for it what it would do for a browser.
"""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING, cast

from .deflate import OFFER, Inflater

if TYPE_CHECKING:
    from .tally import Tally

#: Every event begins with its id, whose second part counts the task's events.
_EVENT = re.compile(rb'\{"id":"\d+-(\d+)"')
#: The longest beginning of an event that may still be incomplete.
_LONGEST_BEGINNING = 64

_HEAD_END = b"\r\n\r\n"


class Client(asyncio.Protocol):
    """One connection that follows one task. It knows the number of its last event, and every fault."""

    __slots__ = ("_opened", "_request", "_rest", "_tally", "_transport", "faults", "last")

    #: The status of the answer that opens the stream.
    status: bytes
    #: Request headers beside Host.
    headers: str

    def __init__(self, path: str, tally: Tally) -> None:
        self._request = f"GET {path} HTTP/1.1\r\nHost: benchmark\r\n{self.headers}\r\n".encode()
        self._tally = tally
        self._rest = b""
        self._transport: asyncio.Transport | None = None
        self._opened: asyncio.Future[None] | None = asyncio.get_running_loop().create_future()
        self.last = 0
        self.faults = 0

    async def opened(self) -> None:
        """Wait until the stream is open; raises `ConnectionError` if it is refused."""
        if self._opened is not None:
            await self._opened

    def close(self) -> None:
        """Drop the connection."""
        if self._transport is not None:
            self._transport.abort()

    def accepted(self, head: bytes) -> None:
        """The server opened the stream with this head."""

    def read(self, data: bytes) -> bytes:
        """Count the events in ``data``; returns what may belong to an event that is not complete."""
        raise NotImplementedError

    def heard(self, seq: int) -> None:
        """An event came. Any order but 1 after the other is a fault; the first may have any number."""
        if seq != self.last + 1 and self.last:
            self.faults += 1
        self.last = seq
        self._tally.count()

    def write(self, data: bytes) -> None:
        """Answer the server."""
        if self._transport is not None:
            self._transport.write(data)

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self.write(self._request)

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        if self._opened is not None and not self._opened.done():
            self._opened.set_exception(exc or ConnectionError("closed before the stream began"))

    def data_received(self, data: bytes) -> None:
        if self._rest:
            data = self._rest + data
        if self._opened is not None:
            head, end, stream = data.partition(_HEAD_END)
            if not end:
                self._rest = data
                return
            self._begin(self._opened, head)
            self._opened = None
            data = stream
        self._rest = self.read(data)

    def _begin(self, opened: asyncio.Future[None], head: bytes) -> None:
        if head.split(b" ", 2)[1] == self.status:
            self.accepted(head)
            opened.set_result(None)
        else:
            opened.set_exception(ConnectionError(head.decode("latin-1")))


class EventSourceClient(Client):
    """Server-Sent Events."""

    __slots__ = ()
    status = b"200"
    headers = "Accept: text/event-stream\r\n"

    def read(self, data: bytes) -> bytes:
        done = 0
        for event in _EVENT.finditer(data):
            self.heard(int(event[1]))
            done = event.end()
        return data[max(done, len(data) - _LONGEST_BEGINNING) :]


class WebSocketClient(Client):
    """WebSocket (RFC 6455), whole unmasked frames of a server, compressed or not; pings are answered."""

    __slots__ = ("inflater",)
    status = b"101"
    headers = (
        "Connection: Upgrade\r\nUpgrade: websocket\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
        f"Sec-WebSocket-Extensions: {OFFER}\r\n"
    )

    _TEXT, _COMPRESSED_TEXT, _PING = 0x81, 0xC1, 0x89

    def __init__(self, path: str, tally: Tally) -> None:
        super().__init__(path, tally)
        #: None unless the server compresses.
        self.inflater: Inflater | None = None

    def accepted(self, head: bytes) -> None:
        self.inflater = Inflater.agreed_in(head)

    def read(self, data: bytes) -> bytes:
        at, end = 0, len(data)
        while end - at >= 2:
            size, start = data[at + 1], at + 2
            if size == 126:
                size, start = int.from_bytes(data[start : start + 2], "big"), start + 2
            elif size == 127:
                size, start = int.from_bytes(data[start : start + 8], "big"), start + 8
            if start + size > end:
                break
            self._frame_received(data[at], data[start : start + size])
            at = start + size
        return data[at:]

    def _frame_received(self, kind: int, payload: bytes) -> None:
        """Text and pings; anything else is no event, and so it is missed."""
        if kind == self._COMPRESSED_TEXT and self.inflater is not None:
            self._message_received(self.inflater.inflate(payload))
        elif kind == self._TEXT:
            self._message_received(payload)
        elif kind == self._PING:
            # Masked with zeros, which change nothing.
            self.write(bytes((0x8A, 0x80 | len(payload), 0, 0, 0, 0)) + payload)

    def _message_received(self, text: bytes) -> None:
        event = _EVENT.match(text)
        if event is not None:
            self.heard(int(event[1]))
