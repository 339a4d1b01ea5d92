"""A request's head as the parser gave it: what is wrong with it, and the same without an upgrade. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from websockets.datastructures import Headers
from websockets.http11 import Request
from websockets.version import version as websockets_version

from taskbeam.gateway.problems import BAD_REQUEST, HEAD_TOO_LARGE, Problem

if TYPE_CHECKING:
    from collections.abc import Sequence

#: How `websockets` has header values, as uvicorn knows it.
_DECODING = ("latin-1", "strict") if websockets_version >= "17.0" else ("ascii", "surrogateescape")

#: Bytes of a target: each of them may be work for whoever looks at paths and queries, and a part of a line in
#: the log. RFC 9112 (3) wants a line of 8,000 to be taken.
TARGET_BYTES = 8000

_ABSOLUTE = re.compile(rb"https?://(?P<host>[^/?#]+)/", re.IGNORECASE)


class RequestHead(NamedTuple):
    """``headers`` as they came, names in lower case; ``version`` such as ``1.1``."""

    method: bytes
    url: bytes
    version: str
    headers: Sequence[tuple[bytes, bytes]]

    def problem(self, most_bytes: int) -> Problem | None:
        """What is wrong with it, if anything: its size, its ``Host`` (RFC 9112, 3.2), or its target."""
        size, hosts = len(self.url), []
        for name, value in self.headers:
            size += len(name) + len(value)
            if name == b"host":
                hosts.append(value)
        if size > most_bytes or len(self.url) > TARGET_BYTES:
            return HEAD_TOO_LARGE
        if len(hosts) > 1 or (not hosts and self.version == "1.1"):
            return BAD_REQUEST
        return None if self._has_target(hosts) else BAD_REQUEST

    def _has_target(self, hosts: Sequence[bytes]) -> bool:
        """Whether the target has a form that an origin server knows (RFC 9112, 3.2).

        An absolute one names the host that ``Host`` names, as a client has to (3.2.2), and so no user.
        """
        if self.method == b"CONNECT":
            return False
        if self.url.startswith(b"/"):
            return True
        if self.url == b"*":
            return self.method == b"OPTIONS"
        absolute = _ABSOLUTE.match(self.url)
        return absolute is not None and [absolute["host"].lower()] == [host.lower() for host in hosts]

    def opens_websocket(self) -> bool:
        """Whether it is as a WebSocket's handshake is: GET, HTTP/1.1, and without a body (RFC 6455, 4.1)."""
        if self.method != b"GET" or self.version != "1.1":
            return False
        for name, value in self.headers:
            if name == b"transfer-encoding" or (name == b"content-length" and value.strip(b"0")):
                return False
        return True

    def without_upgrade(self) -> bytes:
        """The same head, on the wire, without the offer to speak another protocol."""
        lines = [b"%b %b HTTP/%b" % (self.method, self.url, self.version.encode())]
        for name, value in self.headers:
            if name == b"connection":
                options = [option.strip() for option in value.split(b",")]
                value = b", ".join(option for option in options if option.lower() != b"upgrade")
            if name != b"upgrade" and value:
                lines.append(b"%b: %b" % (name, value))
        return b"\r\n".join([*lines, b"", b""])

    def handshake(self) -> Request:
        """The request as `websockets` has it: its own parser knows no line over 8 KB, and no 129th field."""
        headers = Headers()
        for name, value in self.headers:
            headers[name.decode("ascii")] = value.decode(*_DECODING)
        return Request(self.url.decode("ascii"), headers)
