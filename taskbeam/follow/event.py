"""An event on its way to clients: its frames are built once, however many there are."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from taskbeam.journal.events import Unnumbered

if TYPE_CHECKING:
    from taskbeam.follow.filters import Told
    from taskbeam.journal.events import EventId, Record
    from taskbeam.journal.history import Gap

_FIN_TEXT = 0x81


class Event:
    """Lazily built frames of one record, one per kind of transport."""

    __slots__ = ("_chunk", "_frame", "_sse", "body", "id", "told")

    #: What a filter has read of the body; it is not there before.
    told: Told

    def __init__(self, id: EventId | None, body: bytes) -> None:  # noqa: A002
        """Without an ``id`` it moves no client's cursor."""
        self.id = id
        self.body = body
        self._sse: bytes | None = None
        self._chunk: bytes | None = None
        self._frame: bytes | None = None

    @classmethod
    def of(cls, record: Record) -> Event:
        """The event of a journal record."""
        return cls(None if isinstance(record, Unnumbered) else record.id, record.body)

    @property
    def sse(self) -> bytes:
        """The event as a block of an event stream (HTML standard, 9.2.5).

        ``data`` stands before ``id``: a client that is cut inside the block has not taken the id yet.
        """
        if self._sse is None:
            place = b"id: %d-%d\n" % self.id if self.id is not None else b""
            self._sse = b"data: %b\n%b\n" % (self.body, place)
        return self._sse

    @property
    def chunk(self) -> bytes:
        """The same as one chunk of HTTP/1.1's chunked coding (RFC 9112, 7.1)."""
        if self._chunk is None:
            self._chunk = http_chunk(self.sse)
        return self._chunk

    @property
    def frame(self) -> bytes:
        """The body as one unmasked text frame (RFC 6455, 5.2)."""
        if self._frame is None:
            self._frame = text_frame(self.body)
        return self._frame


class GapEvent(Event):
    """Tells a client that events are missing, and for which ``reason``."""

    __slots__ = ("reason",)

    def __init__(self, id: EventId, body: bytes, reason: str) -> None:  # noqa: A002
        super().__init__(id, body)
        self.reason = reason


def gap_event(subject: bytes, gap: Gap, snapshot: Record) -> GapEvent:
    """Tell a client that events are missing, and the task's state now; its id is the cursor to go on from.

    ``subject`` is the JSON member that says what is followed.
    """
    body = (
        b'{"id":"%d-%d",%b,"type":"gap","final":false,"gap":{"after":"%d-%d","reason":"%b"},"snapshot":%b}'
    ) % (*gap.resume, subject, *gap.after, gap.reason.encode(), snapshot.body)
    return GapEvent(gap.resume, body, gap.reason)


def http_chunk(data: bytes) -> bytes:
    """One chunk of HTTP/1.1's chunked coding."""
    return b"%x\r\n%b\r\n" % (len(data), data)


def text_frame(payload: bytes) -> bytes:
    """One whole text message of a server, which does not mask."""
    size = len(payload)
    if size < 126:
        return struct.pack("!BB", _FIN_TEXT, size) + payload
    if size < 65536:
        return struct.pack("!BBH", _FIN_TEXT, 126, size) + payload
    return struct.pack("!BBQ", _FIN_TEXT, 127, size) + payload
