"""What routes that read a journal are asked with: the cursor, how long to wait, how much to return."""

from typing import Annotated, Any

from fastapi import Depends, Header, Query, Request, Response

from taskbeam.follow.filters import MAX_NAME, MAX_NAMES, TYPES
from taskbeam.gateway.auth.visit import Visit
from taskbeam.gateway.delivery.part import MAX_TAIL, PartAsked
from taskbeam.gateway.delivery.polling import PollWait
from taskbeam.gateway.http.answer_body import forbid_null
from taskbeam.gateway.http.negotiation import wants_event_stream
from taskbeam.journal.events import CURSOR

MAX_LIMIT = 1000


def _types(schema: dict[str, Any]) -> None:
    """Only told, as are states: whatever does not fit is an ``invalid_request`` on every transport."""
    forbid_null(schema)
    schema["pattern"] = _names(f"({'|'.join(TYPES)})")


def _states(schema: dict[str, Any]) -> None:
    forbid_null(schema)
    schema["pattern"] = _names(f"[^,]{{1,{MAX_NAME}}}")


def _names(name: str) -> str:
    return f"^{name}(,{name}){{0,{MAX_NAMES - 1}}}$"


def _cursor(schema: dict[str, Any]) -> None:
    """Only told: a cursor that does not fit is answered with ``bad_cursor``."""
    forbid_null(schema)
    schema["pattern"] = f"^({CURSOR.pattern})?$"


After = Annotated[
    str | None,
    Query(description="The cursor: the id of the last event that the client has.", json_schema_extra=_cursor),
]
_LastEventId = Annotated[
    str | None,
    Header(
        description="The cursor, as an `EventSource` sends it; it takes precedence over `after`.",
        json_schema_extra=_cursor,
    ),
]
#: As polyfills send it, which set no header: `event-source-polyfill` and `reconnecting-eventsource`.
_LastEventIdAsked = Annotated[
    str | None,
    Query(
        alias="lastEventId",
        description="The cursor, as polyfills of `EventSource` send it.",
        json_schema_extra=_cursor,
    ),
]
_LastEventIdSpelt = Annotated[
    str | None,
    Query(
        alias="last-event-id",
        description="The cursor, in another spelling of polyfills.",
        json_schema_extra=_cursor,
    ),
]


async def _text_of_cursor(
    after: After = None,
    last_event_id: _LastEventId = None,
    asked: _LastEventIdAsked = None,
    spelt: _LastEventIdSpelt = None,
) -> str | None:
    # Async, or FastAPI would send each request through a thread for it.
    return last_event_id or asked or spelt or after


_Types = Annotated[
    str | None,
    Query(
        description="Only events of these types, separated by commas; a gap comes all the same.",
        examples=["state,progress"],
        json_schema_extra=_types,
    ),
]
_States = Annotated[
    str | None,
    Query(
        description="Only events with one of these states, separated by commas; an end comes all the same.",
        examples=["SUCCESS,FAILURE"],
        json_schema_extra=_states,
    ),
]
_Tail = Annotated[
    int | None,
    Query(
        ge=0,
        le=MAX_TAIL,
        description="Without a cursor: begin with the newest so many events, before they are filtered.",
        json_schema_extra=forbid_null,
    ),
]


async def _part_asked(
    after: Annotated[str | None, Depends(_text_of_cursor)],
    types: _Types = None,
    states: _States = None,
    tail: _Tail = None,
) -> PartAsked:
    return PartAsked(after, types, states, tail)


#: Which part of a stream is asked for; the cursor in whichever form the client brings it. It is for the route
#: to parse: what FastAPI finds wrong with the request, it tells first.
PartDep = Annotated[PartAsked, Depends(_part_asked)]

Wait = Annotated[
    float | None,
    Query(ge=0, description="Seconds to wait for something newer.", json_schema_extra=forbid_null),
]
Limit = Annotated[
    int | None,
    Query(ge=1, le=MAX_LIMIT, description="Events to return at the most.", json_schema_extra=forbid_null),
]


def asks_for_stream(request: Request, wait: float | None, limit: int | None) -> bool:
    """Whether the events are wanted as a stream, and not as those that are there."""
    # A list may come in several lines (RFC 9110, 5.3).
    accept = ", ".join(request.headers.getlist("accept"))
    return wait is None and limit is None and wants_event_stream(accept)


def poll_wait_of(request: Request, visit: Visit, wait: float | None) -> PollWait | None:
    """How long to wait for something newer, if at all: for as long as the client is there, and may be."""

    async def gone() -> None:
        while (await request.receive())["type"] != "http.disconnect":
            pass

    return PollWait(wait, (gone, visit.dismissed)) if wait and request.method != "HEAD" else None


def json_response(body: bytes, headers: dict[str, str]) -> Response:
    """An answer whose JSON is made already."""
    return Response(body, media_type="application/json", headers=headers)
