"""permessage-deflate (RFC 7692), as a browser has it: always offered, undone where a server accepts it."""

from __future__ import annotations

import re
import zlib

#: What browsers offer.
OFFER = "permessage-deflate; client_max_window_bits"

_ACCEPTED = re.compile(
    rb"^sec-websocket-extensions:.*?\bpermessage-deflate\b(.*)$", re.IGNORECASE | re.MULTILINE
)
_NO_CONTEXT = b"server_no_context_takeover"

#: What a sender cuts off each message (RFC 7692, 7.2.1).
_TAIL = b"\x00\x00\xff\xff"


class Inflater:
    """Inflates a connection's compressed messages, which must come in order."""

    __slots__ = ("_keeps_context", "_stream")

    def __init__(self, *, keeps_context: bool) -> None:
        """``keeps_context``: a message may refer to what was in the messages before it."""
        self._keeps_context = keeps_context
        self._stream = _new_stream()

    @classmethod
    def agreed_in(cls, head: bytes) -> Inflater | None:
        """Read the head of the server's 101 answer; None = it declined the offer."""
        accepted = _ACCEPTED.search(head)
        return None if accepted is None else cls(keeps_context=_NO_CONTEXT not in accepted[1].lower())

    def inflate(self, message: bytes) -> bytes:
        """The message as it was; raises `zlib.error` for anything else."""
        plain = self._stream.decompress(message + _TAIL)
        if not self._keeps_context:
            self._stream = _new_stream()
        return plain


def _new_stream() -> zlib._Decompress:
    # Raw, and with the largest window, which reads streams of every smaller one too.
    return zlib.decompressobj(-zlib.MAX_WBITS)
