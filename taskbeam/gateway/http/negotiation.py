"""Which form of the events a client asks for, and in which form it may send."""

from functools import lru_cache
from typing import Annotated

from fastapi import Depends, Header

from taskbeam.gateway.problems import UNSUPPORTED_MEDIA_TYPE, TaskbeamError

EVENT_STREAM = "text/event-stream"
JSON = "application/json"


@lru_cache(64)  # browsers have few
def wants_event_stream(accept: str) -> bool:
    """Whether an Accept header prefers an event stream to JSON (RFC 9110, 12.5.1).

    A client that takes anything (``curl``) is given the stream.
    """
    return _quality(accept, EVENT_STREAM) >= _quality(accept, JSON)


def _quality(accept: str, media_type: str) -> float:
    """The weight that the most specific matching range gives to the type; 0 where none matches."""
    ranges = [media_type, media_type.partition("/")[0] + "/*", "*/*"]
    best, best_rank = 0.0, len(ranges)
    for part in accept.lower().split(","):
        name, *parameters = (piece.strip() for piece in part.split(";"))
        if name in ranges and ranges.index(name) < best_rank:
            best, best_rank = _weight(parameters), ranges.index(name)
    return best


def _weight(parameters: list[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                return float(value)
            except ValueError:
                return 0.0
    return 1.0


def require_json(content_type: Annotated[str, Header(include_in_schema=False)] = "") -> None:
    """Refuse a body that is not declared as JSON.

    Browsers send other types across sites without a CORS preflight. Raises `TaskbeamError`
    ``unsupported_media_type``.
    """
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type != "application/json":
        raise TaskbeamError(UNSUPPORTED_MEDIA_TYPE)


#: For a route whose body is JSON.
JSON_ONLY = Depends(require_json)
