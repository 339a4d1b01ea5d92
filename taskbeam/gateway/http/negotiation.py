"""Which form of the events a client asks for, and in which form it may send."""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Annotated, NamedTuple

from fastapi import Depends, Header

from taskbeam.gateway.problems import UNSUPPORTED_MEDIA_TYPE, TaskbeamError

#: What the answers of a route that negotiates differ by.
NEGOTIATED = ("Accept",)

EVENT_STREAM = "text/event-stream"
JSON = "application/json"


#: RFC 9110, 12.4.2.
_QVALUE = re.compile(r"0(\.[0-9]{0,3})?|1(\.0{0,3})?")


@lru_cache(64)  # browsers have few
def wants_event_stream(accept: str) -> bool:
    """Whether an Accept header prefers an event stream to JSON (RFC 9110, 12.5.1).

    Of two with the same weight the one that is named more closely: ``application/json, text/plain, */*``,
    which axios and Angular send, is JSON. A client that takes anything (``curl``) is given the stream; one
    that takes neither, what ends by itself.
    """
    accept = accept or "*/*"
    stream = _preference(accept, EVENT_STREAM)
    return stream.weight > 0 and stream >= _preference(accept, JSON)


class _Preference(NamedTuple):
    weight: float
    closeness: int


def _preference(accept: str, media_type: str) -> _Preference:
    """The weight that the most specific matching range gives to the type; 0 where none matches."""
    ranges = ["*/*", media_type.partition("/")[0] + "/*", media_type]
    best = _Preference(0.0, -1)
    for part in accept.lower().split(","):
        name, *parameters = (piece.strip() for piece in part.split(";"))
        if name in ranges and ranges.index(name) > best.closeness:
            best = _Preference(weight(parameters), ranges.index(name))
    return best


def weight(parameters: list[str]) -> float:
    """The weight, 0 to 1, among the parameters of one member of an ``Accept…`` header; 0 for a wrong one."""
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            return float(value) if _QVALUE.fullmatch(value.strip()) else 0.0
    return 1.0


def require_json(content_type: Annotated[str, Header(include_in_schema=False)] = "") -> None:
    """Refuse a body that is not declared as JSON.

    Browsers send other types across sites without a CORS preflight. Raises `TaskbeamError`
    ``unsupported_media_type``.
    """
    if not _is_json(content_type):
        raise TaskbeamError(UNSUPPORTED_MEDIA_TYPE)


def refuse_simple_body(headers: Mapping[str, str]) -> None:
    """Refuse a body that is not JSON, where none is expected, or one of JSON.

    A request without any body is taken, for it needs no type. Raises `TaskbeamError`
    ``unsupported_media_type``.
    """
    content_type = headers.get("content-type")
    has_body = headers.get("content-length", "0") != "0" or "transfer-encoding" in headers
    if (content_type is not None or has_body) and not _is_json(content_type or ""):
        raise TaskbeamError(UNSUPPORTED_MEDIA_TYPE)


def _is_json(content_type: str) -> bool:
    return content_type.partition(";")[0].strip().lower() == JSON


#: For a route whose body is JSON.
JSON_ONLY = Depends(require_json)
