"""One task over HTTP: its snapshot, and its events as a stream or as JSON."""

from typing import Annotated, Any

from fastapi import APIRouter, Header, Path, Query, Request, Response

from taskbeam.gateway import problems
from taskbeam.gateway.auth.identity import Action
from taskbeam.gateway.delivery.cursor import parse_cursor
from taskbeam.gateway.delivery.opening import open_task
from taskbeam.gateway.delivery.polling import PollWait
from taskbeam.gateway.dependencies import CallerDep, RuntimeDep
from taskbeam.gateway.http.answer_body import forbid_null
from taskbeam.gateway.http.answers import described
from taskbeam.gateway.http.event_models import STREAM, TaskEvents, TaskSnapshot
from taskbeam.gateway.http.negotiation import EVENT_STREAM, wants_event_stream
from taskbeam.gateway.http.problem_details import TASK_PROBLEMS, documented
from taskbeam.gateway.http.route import GatewayRoute
from taskbeam.gateway.limits.admission import Admission
from taskbeam.gateway.runtime import Runtime
from taskbeam.gateway.transports.stream import EventStreamResponse
from taskbeam.journal.events import CURSOR, EventId

router = APIRouter(tags=["tasks"], route_class=GatewayRoute)

MAX_LIMIT = 1000


def _cursor(schema: dict[str, Any]) -> None:
    """Only told: a cursor that does not fit is answered with ``bad_cursor``."""
    forbid_null(schema)
    schema["pattern"] = f"^({CURSOR.pattern})?$"


TaskId = Annotated[str, Path(description="Celery's id of the task.")]
After = Annotated[
    str | None,
    Query(description="The cursor: the id of the last event that the client has.", json_schema_extra=_cursor),
]
LastEventId = Annotated[
    str | None,
    Header(
        description="The cursor, as an `EventSource` sends it; it takes precedence over `after`.",
        json_schema_extra=_cursor,
    ),
]
Wait = Annotated[
    float | None,
    Query(ge=0, description="Seconds to wait for something newer.", json_schema_extra=forbid_null),
]
Limit = Annotated[
    int | None,
    Query(ge=1, le=MAX_LIMIT, description="Events to return at the most.", json_schema_extra=forbid_null),
]
IfNoneMatch = Annotated[
    str | None,
    Header(description="The `ETag` of the snapshot that the client has.", json_schema_extra=forbid_null),
]

_PROBLEMS = documented(*TASK_PROBLEMS, problems.BAD_CURSOR)


@router.get(
    "/tasks/{task_id}",
    operation_id="get_task",
    response_model=TaskSnapshot,
    responses=_PROBLEMS
    | {
        200: described("The newest snapshot.", "ETag", "Cache-Control"),
        304: described("The client has the newest snapshot.", "ETag"),
    },
)
async def snapshot(
    request: Request,
    gateway: RuntimeDep,
    caller: CallerDep,
    task_id: TaskId,
    after: After = None,
    wait: Wait = None,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """The task's newest snapshot, with `last_event_id` as the cursor to stream from.

    With `wait` and `after`, answers as soon as there is something newer than the cursor.
    """
    cursor = parse_cursor(after)
    await caller.require(Action.READ, task_id)
    with caller.visit():
        history = await gateway.polling.snapshot(task_id, cursor, _poll_wait(request, wait))
    etag = f'"{history.last}"'
    if _matches(etag, if_none_match or ""):
        return Response(status_code=304, headers={"ETag": etag})
    body = b'%b,"last_event_id":"%d-%d"}' % (history.snapshot.body[:-1], *history.last)
    return _json(body, {"ETag": etag, "Cache-Control": "no-cache"})


@router.get(
    "/tasks/{task_id}/events",
    operation_id="get_task_events",
    response_model=TaskEvents,
    responses=_PROBLEMS
    | {
        200: described("The events.", "Cache-Control", content={EVENT_STREAM: STREAM}),
        204: described("The task has ended and the cursor is at its end: an `EventSource` stops."),
    },
)
async def events(
    request: Request,
    gateway: RuntimeDep,
    caller: CallerDep,
    task_id: TaskId,
    after: After = None,
    wait: Wait = None,
    limit: Limit = None,
    last_event_id: LastEventId = None,
) -> Response:
    """The task's events after the cursor.

    `Accept: text/event-stream` (or anything) streams them until the task ends; `Accept:
    application/json`, or one of `wait` and `limit`, returns those that are there.
    """
    cursor = parse_cursor(last_event_id or after)
    await caller.require(Action.READ, task_id)
    if wait is None and limit is None and wants_event_stream(request.headers.get("accept", "*/*")):
        return await _stream(gateway, caller.enter(), task_id, cursor)
    with caller.visit():
        poll_wait = _poll_wait(request, wait)
        return _json(await gateway.polling.events(task_id, cursor, limit or MAX_LIMIT, poll_wait))


async def _stream(gateway: Runtime, admission: Admission, task_id: str, cursor: EventId | None) -> Response:
    settings = gateway.settings
    try:
        opening = await open_task(gateway.hub, task_id, cursor, settings.redis_timeout)
    except BaseException:
        admission.leave()
        raise
    if opening.nothing_left:
        admission.leave()
        return Response(status_code=204)
    return EventStreamResponse(opening, gateway.heartbeats, settings.heartbeat, admission, gateway.shutdown)


def _poll_wait(request: Request, wait: float | None) -> PollWait | None:
    async def gone() -> None:
        while (await request.receive())["type"] != "http.disconnect":
            pass

    return PollWait(wait, gone) if wait else None


def _matches(etag: str, if_none_match: str) -> bool:
    """Whether the client has it: tags are compared weakly, as proxies weaken them (RFC 9110, 13.1.2)."""
    known = {tag.strip().removeprefix("W/") for tag in if_none_match.split(",")}
    return etag in known or "*" in known


def _json(body: bytes, headers: dict[str, str] | None = None) -> Response:
    return Response(body, media_type="application/json", headers=headers or {"Cache-Control": "no-store"})
