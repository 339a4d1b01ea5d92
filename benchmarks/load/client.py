"""A client that counts events: raw asyncio protocols, no JSON, no task, a few microseconds per event.

It asks for what a browser asks for: a server does for it what it would do for a browser.
"""

from __future__ import annotations

import asyncio
import random
import re
import time
from typing import TYPE_CHECKING, ClassVar, Literal, cast

from .deflate import OFFER, Inflater

if TYPE_CHECKING:
    from .following import Following
    from .tally import Tally

Transport = Literal["WebSocket", "SSE"]

#: Every event has an id, whose second part counts the task's events, and the time when it was made.
#: A server may wrap it, and may put spaces where JSON has them.
EVENT = re.compile(rb'\{"id": ?"(?P<id>\d+-(?P<seq>\d+))".*?"ts": ?(?P<ts>\d+\.\d+)')
#: The longest beginning of an event that may still be incomplete.
_LONGEST_BEGINNING = 512

_HEAD_END = b"\r\n\r\n"


class Client(asyncio.Protocol):
    """One connection that follows one task. It knows the number of its last event, and every fault."""

    __slots__ = ("_following", "_opened", "_rest", "_tally", "_transport", "cut", "faults", "id", "last")

    #: How an event is told, and its number (``seq``), time (``ts``) and id found in it.
    event: ClassVar[re.Pattern[bytes]] = EVENT

    #: The status of the answer that opens the stream.
    status: bytes
    #: Request headers beside Host and the server's own.
    headers: str

    def __init__(self, following: Following, tally: Tally) -> None:
        self._following = following
        self._tally = tally
        self._rest = b""
        self._transport: asyncio.Transport | None = None
        self._opened: asyncio.Future[None] | None = asyncio.get_running_loop().create_future()
        #: The number and the id of the last event.
        self.last = following.last
        self.id = b""
        self.faults = 0
        #: Whether the connection ended, and not by us.
        self.cut = False

    async def opened(self) -> None:
        """Wait until the stream is open; raises `ConnectionError` if it is refused."""
        if self._opened is not None:
            await self._opened

    def close(self) -> None:
        """Drop the connection."""
        if self._transport is not None:
            transport, self._transport = self._transport, None
            transport.abort()

    def pause(self) -> None:
        """Read nothing until `resume`: what the server sends fills the socket, and then waits there."""
        if self._transport is not None:
            self._transport.pause_reading()

    def resume(self) -> None:
        """Read again."""
        if self._transport is not None:
            self._transport.resume_reading()

    def accepted(self, head: bytes) -> None:
        """The server opened the stream with this head."""

    def read(self, data: bytes) -> bytes:
        """Count the events in ``data``; returns what may belong to an event that is not complete."""
        raise NotImplementedError

    def heard(self, event: re.Match[bytes]) -> None:
        """An event came. Any order but 1 after the other is a fault; the first may have any number."""
        seq = int(event["seq"])
        if seq != self.last + 1 and self.last:
            self.faults += 1
        self.last = seq
        self.id = event["id"]
        self._tally.count(time.time() - float(event["ts"]))

    def write(self, data: bytes) -> None:
        """Answer the server."""
        if self._transport is not None:
            self._transport.write(data)

    def ask(self) -> None:
        """Send the request."""
        following = self._following
        headers = f"Host: 127.0.0.1\r\n{self.headers}{following.headers}"
        self.write(f"GET {following.path} HTTP/1.1\r\n{headers}\r\n".encode())

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self.ask()

    def connection_lost(self, exc: Exception | None) -> None:
        self.cut = self._transport is not None
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
        for event in self.event.finditer(data):
            self.heard(event)
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
    _PONG = 0x8A

    def __init__(self, following: Following, tally: Tally) -> None:
        super().__init__(following, tally)
        #: None unless the server compresses.
        self.inflater: Inflater | None = None

    def accepted(self, head: bytes) -> None:
        self.inflater = Inflater.agreed_in(head)
        if self._following.hello:
            self._say(self._TEXT, self._following.hello)

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
            self._say(self._PONG, payload)

    def _message_received(self, text: bytes) -> None:
        # One message may carry several events.
        events = 0
        for event in self.event.finditer(text):
            self.heard(event)
            events += 1
        if not events and (answer := self._following.answers.get(text)):
            self._say(self._TEXT, answer)

    def _say(self, kind: int, payload: bytes) -> None:
        # Masked with zeros, which change nothing.
        size = len(payload)
        length = bytes((0x80 | size,)) if size < 126 else bytes((0x80 | 126,)) + size.to_bytes(2, "big")
        self.write(bytes((kind,)) + length + bytes(4) + payload)


class PollingClient(Client):
    """Asks for the task's state again and again, over one connection; what it did not see is counted.

    The answers must have a Content-Length. The first question comes at a random time of the first interval.
    """

    __slots__ = ("_timer", "skipped")
    status = b"200"
    headers = ""

    #: Seconds between an answer and the next question.
    INTERVAL = 1.0
    _LENGTH = re.compile(rb"^content-length: *(\d+)", re.IGNORECASE | re.MULTILINE)

    def __init__(self, following: Following, tally: Tally) -> None:
        super().__init__(following, tally)
        self._timer: asyncio.TimerHandle | None = None
        #: States that another had replaced before anybody asked.
        self.skipped = 0

    def heard(self, event: re.Match[bytes]) -> None:
        """The state may be the one that it was, or skip some; it must not go back."""
        seq = int(event["seq"])
        if seq > self.last:
            if self.last:
                self.skipped += seq - self.last - 1
            self._tally.count(time.time() - float(event["ts"]), seq - self.last)
        elif seq < self.last:
            self.faults += 1
        self.last = seq

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._ask_in(random.uniform(0, self.INTERVAL))

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        if self._timer is not None:
            self._timer.cancel()

    def data_received(self, data: bytes) -> None:
        data = self._rest + data
        head, end, body = data.partition(_HEAD_END)
        length = self._LENGTH.search(head)
        if not end or length is None or len(body) < int(length[1]):
            self._rest = data
            return
        self._rest = b""
        if self._opened is not None:
            self._begin(self._opened, head)
            self._opened = None
        event = self.event.search(body)
        if event is not None:
            self.heard(event)
        self._ask_in(self.INTERVAL)

    def _ask_in(self, seconds: float) -> None:
        self._timer = asyncio.get_running_loop().call_later(seconds, self.ask)


#: The clients of a server that streams over both transports.
STREAMS: dict[Transport, type[Client]] = {"WebSocket": WebSocketClient, "SSE": EventSourceClient}
