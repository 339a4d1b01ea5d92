"""An event on its way to clients: its frames are built once, however many there are."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from taskbeam.journal.events import EventId, Record
    from taskbeam.journal.history import Gap

_FIN_TEXT = 0x81


class Event:
    """Lazily built frames of one record, one per kind of transport."""

    __slots__ = ("_chunk", "_frame", "_sse", "body", "id")

    def __init__(self, id: EventId, body: bytes) -> None:  # noqa: A002
        self.id = id
        self.body = body
        self._sse: bytes | None = None
        self._chunk: bytes | None = None
        self._frame: bytes | None = None

    @classmethod
    def of(cls, record: Record) -> Event:
        """The event of a journal record."""
        return cls(record.id, record.body)

    @property
    def sse(self) -> bytes:
        """The event as a block of an event stream (HTML standard, 9.2.5).

        ``data`` stands before ``id``: a client that is cut inside the block has not taken the id yet.
        """
        if self._sse is None:
            self._sse = b"data: %b\nid: %d-%d\n\n" % (self.body, *self.id)
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


def gap_event(task_id_json: bytes, gap: Gap, snapshot: Record) -> Event:
    """Tell a client that events are missing, and the task's state now; its id is the cursor to go on from."""
    body = (
        b'{"id":"%d-%d","task_id":%b,"type":"gap","final":false,"gap":{"after":"%d-%d","reason":"%b"},"snapshot":%b}'
    ) % (*gap.resume, task_id_json, *gap.after, gap.reason.encode(), snapshot.body)
    return Event(gap.resume, body)


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
