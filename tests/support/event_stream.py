"""An event stream as the bytes on the wire, read by the standard library's HTTP client."""

from __future__ import annotations

import json
import re
import socket
import time
from http.client import HTTPConnection
from typing import TYPE_CHECKING, Any, Self

from .waiting import DEADLINE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.support.gateway import Gateway

TIMEOUT = 60.0

#: A gateway's heartbeat: a comment, which may come between any two events, and is none.
HEARTBEAT = b": ping\n"


class EventStream:
    """One GET of a task's or a feed's events.

    Chunks are decoded; an end without the last one raises `IncompleteRead`. Heartbeats are passed over: each
    stream gets its turn at a moment that no test knows.
    """

    def __init__(
        self,
        gateway: Gateway,
        task_id: str,
        query: str = "",
        headers: Mapping[str, str] | None = None,
        *,
        receive_buffer: int = 0,
        prefix: str = "",
        collection: str = "tasks",
        resource: str = "/events",
        source: str = "",
    ) -> None:
        """``source`` is the address that the client has, if not 127.0.0.1."""
        self._connection = HTTPConnection("127.0.0.1", gateway.port, timeout=TIMEOUT)
        self._connection.sock = connected_socket(gateway.port, receive_buffer, source)
        path = f"{prefix}/{collection}/{task_id}{resource}{query}"
        try:
            self._connection.request("GET", path, headers=headers or {})
            self.response = self._connection.getresponse()
        except BaseException:
            self._connection.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def status(self) -> int:
        return self.response.status

    def close(self) -> None:
        """Drop the connection."""
        self.response.close()
        self._connection.close()

    def raw_line(self) -> bytes:
        """The next line with its end, though it be a heartbeat; empty at the end of the stream."""
        return self.response.readline()

    def line(self) -> bytes:
        """The next line that is no heartbeat; raises `TimeoutError` where only those come for `DEADLINE`."""
        end = time.monotonic() + DEADLINE
        while (line := self.raw_line()) == HEARTBEAT:
            if time.monotonic() > end:
                raise TimeoutError(f"nothing but heartbeats for {DEADLINE:g} s")
        return line

    def block(self) -> bytes:
        """The next lines up to a blank one."""
        block = b""
        while line := self.line():
            block += line
            if line == b"\n":
                break
        return block

    def body(self) -> bytes:
        """The body of the next event."""
        return body_of(self.block())

    def event(self) -> dict[str, Any]:
        """The next event."""
        event: dict[str, Any] = json.loads(self.body())
        return event

    def rest(self) -> bytes:
        """All that comes until the end, but for heartbeats."""
        return _HEARTBEATS.sub(b"", self.response.read())


_HEARTBEATS = re.compile(b"^" + HEARTBEAT, re.MULTILINE)


def connected_socket(port: int, receive_buffer: int = 0, source: str = "") -> socket.socket:
    """A connection to a port of this machine, with a receive buffer of that many bytes, from an address."""
    connection = socket.socket()
    try:
        if source:
            connection.bind((source, 0))
        connection.settimeout(TIMEOUT)
        if receive_buffer:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        connection.connect(("127.0.0.1", port))
    except BaseException:
        connection.close()
        raise
    return connection


def body_of(block: bytes) -> bytes:
    """The data of one block of an event stream."""
    return b"\n".join(line[6:] for line in block.split(b"\n") if line.startswith(b"data: "))


def bodies_of(stream: bytes) -> list[bytes]:
    """The data of each event of a stream."""
    return [body for block in stream.split(b"\n\n") if (body := body_of(block))]


def block_of(body: bytes) -> bytes:
    """One event as a block, as it is to be on the wire."""
    return b"data: %b\nid: %b\n\n" % (body, json.loads(body)["id"].encode())
