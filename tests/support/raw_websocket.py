"""A WebSocket client that may break every rule: it sends bytes as they are, and reads frame by frame."""

from __future__ import annotations

import json
import os
import struct
import time
from base64 import b64encode
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from websockets.frames import Opcode
from websockets.utils import apply_mask

from .event_stream import connected_socket
from .waiting import DEADLINE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .gateway import Gateway

#: The header lines of a handshake, with the key of the RFC's example (6455, 1.3).
HANDSHAKE = (
    b"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
)

_FIN = 0x80
_MASK = 0x80


class Received(NamedTuple):
    """One frame of the server."""

    opcode: Opcode
    payload: bytes


class Closed(NamedTuple):
    """How the server closed."""

    code: int
    reason: str


def head(first: int, length: int, *, masked: bool = True) -> bytes:
    """The first bytes of a frame (RFC 6455, 5.2), up to the masking key."""
    mask = _MASK if masked else 0
    if length < 126:
        return struct.pack("!BB", first, mask | length)
    if length < 65536:
        return struct.pack("!BBH", first, mask | 126, length)
    return struct.pack("!BBQ", first, mask | 127, length)


def frame(
    opcode: int, payload: bytes = b"", *, fin: bool = True, reserved: int = 0, masked: bool = True
) -> bytes:
    """A client's frame; ``reserved`` are the three bits behind FIN."""
    start = head((_FIN if fin else 0) | reserved << 4 | opcode, len(payload), masked=masked)
    if not masked:
        return start + payload
    key = os.urandom(4)
    return start + key + bytes(apply_mask(payload, key))


def text(message: object) -> bytes:
    """A client's text message; anything but a string is sent as JSON."""
    return frame(Opcode.TEXT, (message if isinstance(message, str) else json.dumps(message)).encode())


class RawWebSocket:
    """An open socket."""

    def __init__(
        self,
        gateway: Gateway,
        path: str = "/ws",
        *,
        headers: Mapping[str, str] | None = None,
        receive_buffer: int = 0,
    ) -> None:
        self.socket = connected_socket(gateway.port, receive_buffer)
        headers = {"Host": f"127.0.0.1:{gateway.port}"} | dict(headers or {})
        lines = [
            f"GET {path} HTTP/1.1",
            "Upgrade: websocket",
            "Connection: Upgrade",
            f"Sec-WebSocket-Key: {b64encode(os.urandom(16)).decode()}",
            "Sec-WebSocket-Version: 13",
            *(f"{name}: {value}" for name, value in headers.items()),
        ]
        self._stream = self.socket.makefile("rb")
        self.send("\r\n".join([*lines, "", ""]).encode())
        self.status = int(self._stream.readline().split()[1])
        while self._stream.readline() != b"\r\n":
            pass

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.drop()

    def drop(self) -> None:
        """Go without a word."""
        self._stream.close()
        self.socket.close()

    def send(self, data: bytes) -> None:
        """Send bytes as they are."""
        self.socket.sendall(data)

    def say(self, **message: object) -> None:
        """Send a JSON object."""
        self.send(text(message))

    def receive_any(self) -> Received:
        """The next frame, though it be a heartbeat; raises `EOFError` at the end of the connection."""
        first, second = self._exactly(2)
        assert first & 0x70 == 0
        assert second & _MASK == 0, "a server does not mask"
        length = second
        if length == 126:
            (length,) = struct.unpack("!H", self._exactly(2))
        elif length == 127:
            (length,) = struct.unpack("!Q", self._exactly(8))
        assert first & _FIN, "this server does not fragment"
        return Received(Opcode(first & 0x0F), self._exactly(length))

    def receive(self) -> Received:
        """The next frame that is no ping; each of those is answered, as RFC 6455 (5.5.2) wants it.

        A ping is the gateway's heartbeat, which comes at a moment that no test knows. Raises `TimeoutError`
        where nothing else comes for `DEADLINE`.
        """
        end = time.monotonic() + DEADLINE
        while (received := self.receive_any()).opcode is Opcode.PING:
            if time.monotonic() > end:
                raise TimeoutError(f"nothing but pings for {DEADLINE:g} s")
            with suppress(ConnectionError):  # the server may be gone; what it said before counts
                self.send(frame(Opcode.PONG, received.payload))
        return received

    def body(self) -> bytes:
        """The next message."""
        received = self.receive()
        assert received.opcode is Opcode.TEXT, received
        return received.payload

    def json(self) -> dict[str, Any]:
        """The next message, parsed."""
        message: dict[str, Any] = json.loads(self.body())
        return message

    def closed(self) -> Closed:
        """What the next close frame says, and that the server then ends the connection."""
        while (received := self.receive()).opcode is not Opcode.CLOSE:
            pass
        with suppress(ConnectionError):  # it need not wait for the answer
            self.send(frame(Opcode.CLOSE, received.payload))
            assert self._stream.read() == b"", "nothing comes behind a close frame"
        (code,) = struct.unpack("!H", received.payload[:2])
        return Closed(code, received.payload[2:].decode())

    def bodies(self) -> list[bytes]:
        """All messages up to the close frame."""
        found = []
        while (received := self.receive()).opcode is not Opcode.CLOSE:
            if received.opcode is Opcode.TEXT:
                found.append(received.payload)
        return found

    def _exactly(self, count: int) -> bytes:
        data = self._stream.read(count)
        if len(data) < count:
            raise EOFError("the server ended the connection")
        return data
