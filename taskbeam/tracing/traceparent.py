"""How a span is named in a message and in a journal's head: W3C Trace Context's `traceparent`. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from opentelemetry.trace import SpanContext

#: The header's name in messages and requests.
TRACEPARENT = "traceparent"

#: Version, trace, span, flags (W3C Trace Context, 3.2.2). A version that we do not know may have more.
_FORM = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(?:-.*)?")


def traceparent_in(header: object) -> str | None:
    """The header as a head keeps it, 55 characters; None for what names no span."""
    match = _FORM.fullmatch(header) if isinstance(header, str) else None
    return "00-{}-{}-{}".format(*match.groups()) if match is not None else None


def traceparent_of(span: SpanContext) -> str:
    """The name of a span that is valid."""
    return f"00-{span.trace_id:032x}-{span.span_id:016x}-{span.trace_flags & 0xFF:02x}"


def trace_id_in(traceparent: str) -> str:
    """The id of the trace, 32 hexadecimal digits."""
    return traceparent.split("-")[1]
