"""An answer that a client of HTTP/1.0 can read: its body ends with the connection, and is in no chunks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import asyncio

#: As uvicorn writes it where a response does not say how long it is.
_HEADER = b"transfer-encoding: chunked\r\n"


def whole(chunks: bytes) -> bytes:
    """The bytes of a body that are in whole chunks (RFC 9112, 7.1), without extensions and trailers."""
    found = []
    while chunks:
        size, _, rest = chunks.partition(b"\r\n")
        length = int(size, 16)
        found.append(rest[:length])
        chunks = rest[length + 2 :]
    return b"".join(found)


class Unchunked:
    """A transport for one response: a server must not send chunks to HTTP/1.0 (RFC 9112, 6.1).

    uvicorn writes the head first, and then whole chunks. It ends the connection of such a client by itself.
    """

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._begun = False
        self._chunked = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        if not self._begun:
            self._begun = True
            bare = data.replace(_HEADER, b"", 1)
            self._chunked = bare != data
            self._transport.write(bare)
        else:
            self._transport.write(whole(data) if self._chunked else data)
