"""WebSocket's opening handshake, where there is nothing to object to (RFC 6455, 4.2). Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from websockets.utils import accept_key

from taskbeam.gateway.auth.credentials import SUBPROTOCOL
from taskbeam.gateway.shortcut.plain_request import subprotocols

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

#: 16 bytes in base64.
_KEY = re.compile(rb"[A-Za-z0-9+/]{22}==")


def switching_protocols(
    fields: Mapping[bytes, bytes], default_headers: Sequence[tuple[bytes, bytes]]
) -> bytes | None:
    """The head of the answer to a request to upgrade; None if the request is not as it should be.

    Extensions are declined: a compressor costs a connection hundreds of KiB.
    """
    key = fields.get(b"sec-websocket-key", b"")
    if fields.get(b"sec-websocket-version") != b"13" or b"host" not in fields or not _KEY.fullmatch(key):
        return None
    lines = [b"HTTP/1.1 101 Switching Protocols"]
    lines += [b"%b: %b" % header for header in default_headers]
    lines += [b"upgrade: websocket", b"connection: Upgrade"]
    lines.append(b"sec-websocket-accept: " + accept_key(key.decode()).encode())
    if SUBPROTOCOL in subprotocols(fields):
        lines.append(b"sec-websocket-protocol: " + SUBPROTOCOL.encode())
    lines.append(b"\r\n")
    return b"\r\n".join(lines)
