"""A client of the WebSocket for one task: RFC 6455, frame by frame."""

from __future__ import annotations

import os
import struct
from base64 import b64encode
from typing import TYPE_CHECKING

from .wire import ProblemError, Wire

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from .errand import Errand

_TEXT, _CLOSE, _PING, _PONG = 0x1, 0x8, 0x9, 0xA
_FIN = _MASK = 0x80

#: Close codes: the task has ended; the gateway restarts.
_NORMAL, _RESTARTING = 1000, 1012

#: Close codes from here on are the contract's: 4000 and the HTTP status.
_OF_THE_CONTRACT = 4000

#: Codes after which a client comes back, beside 1xxx.
_RETRY = {4408, 4429}


async def websocket(errand: Errand) -> AsyncIterator[bytes]:
    """The bodies of one connection's events, until the gateway closes it."""
    wire = await Wire.open(errand.port, errand.pace)
    try:
        query = f"?after={errand.cursor}" if errand.cursor else ""
        key = b64encode(os.urandom(16)).decode()
        upgrade = ("Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13")
        path = f"/tasks/{errand.task_id}/ws{query}"
        answer = await wire.ask(path, *upgrade, f"Sec-WebSocket-Key: {key}", *errand.headers)
        if answer.status != 101:
            raise ProblemError.of(answer, await wire.body(answer))
        while True:
            opcode, payload = await _frame(wire)
            if opcode == _TEXT:
                yield payload
            elif opcode == _PING:
                wire.send(_masked(_PONG, payload))
            elif opcode == _CLOSE:
                wire.send(_masked(_CLOSE, payload[:2]))
                _closed(payload)
                return
    finally:
        wire.drop()


def _closed(payload: bytes) -> None:
    """Raises `ProblemError` where the close code is one."""
    code = struct.unpack("!H", payload[:2])[0] if payload else 1005
    if code in (_NORMAL, _RESTARTING):
        return
    reason = payload[2:].decode() or str(code)
    raise ProblemError(reason, retry=code < _OF_THE_CONTRACT or code in _RETRY)


async def _frame(wire: Wire) -> tuple[int, bytes]:
    """Opcode and payload; this server neither masks nor fragments (5.2)."""
    first, length = await wire.exactly(2)
    if not first & _FIN or first & 0x70 or length & _MASK:
        raise ProblemError(f"a frame that begins with {first:#x} {length:#x}", retry=False)
    if length == 126:
        (length,) = struct.unpack("!H", await wire.exactly(2))
    elif length == 127:
        (length,) = struct.unpack("!Q", await wire.exactly(8))
    return first & 0x0F, await wire.exactly(length) if length else b""


def _masked(opcode: int, payload: bytes) -> bytes:
    """A client's control frame."""
    key = os.urandom(4)
    masked = bytes(byte ^ key[index % 4] for index, byte in enumerate(payload))
    return bytes([_FIN | opcode, _MASK | len(payload)]) + key + masked
