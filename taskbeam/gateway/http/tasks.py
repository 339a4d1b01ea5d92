"""One task over HTTP: its snapshot, and its events as a stream or as JSON."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response

from taskbeam.gateway import problems
from taskbeam.gateway.auth.identity import Action
from taskbeam.gateway.delivery.cursor import parse_cursor
from taskbeam.gateway.dependencies import CallerDep, RuntimeDep
from taskbeam.gateway.http.answers import described
from taskbeam.gateway.http.caching import Keep, cache_headers
from taskbeam.gateway.http.conditional import IfNoneMatch, is_known
from taskbeam.gateway.http.event_models import STREAM, TaskEvents, TaskSnapshot
from taskbeam.gateway.http.negotiation import EVENT_STREAM, NEGOTIATED
from taskbeam.gateway.http.problem_details import TASK_PROBLEMS, documented
from taskbeam.gateway.http.reading import (
    MAX_LIMIT,
    After,
    Limit,
    PartDep,
    Wait,
    asks_for_stream,
    json_response,
    poll_wait_of,
)
from taskbeam.gateway.http.route import GatewayRoute
from taskbeam.gateway.http.streaming import event_stream
from taskbeam.measures.client_counts import Transport

router = APIRouter(tags=["tasks"], route_class=GatewayRoute)

TaskId = Annotated[str, Path(description="Celery's id of the task.")]
TellsEnd = Annotated[
    bool,
    Query(
        description="Whether the stream of a task that ends has an event of the name `end` as its last one."
    ),
]

_PROBLEMS = documented(*TASK_PROBLEMS, problems.BAD_CURSOR)


@router.get(
    "/tasks/{task_id}",
    operation_id="get_task",
    response_model=TaskSnapshot,
    responses=_PROBLEMS
    | {
        200: described("The newest snapshot.", "ETag", "Cache-Control"),
        304: described("The client has the newest snapshot.", "ETag", "Cache-Control"),
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
    with caller.visit() as visit:
        history = await gateway.polling.snapshot(task_id, cursor, poll_wait_of(request, visit, wait))
    etag = f'"{history.last}"'
    if is_known(etag, if_none_match):
        return Response(status_code=304, headers={"ETag": etag} | cache_headers(304, Keep.READER))
    body = b'%b,"last_event_id":"%d-%d"}' % (history.snapshot.body[:-1], *history.last)
    return json_response(body, {"ETag": etag} | cache_headers(200, Keep.READER))


@router.get(
    "/tasks/{task_id}/events",
    operation_id="get_task_events",
    response_model=TaskEvents,
    responses=_PROBLEMS
    | {
        200: described("The events.", "Cache-Control", content={EVENT_STREAM: STREAM}),
        204: described(
            "The task has ended and the cursor is at its end: an `EventSource` stops.", "Cache-Control"
        ),
    },
)
async def events(
    request: Request,
    gateway: RuntimeDep,
    caller: CallerDep,
    task_id: TaskId,
    asked: PartDep,
    wait: Wait = None,
    limit: Limit = None,
    end: TellsEnd = False,
) -> Response:
    """The task's events after the cursor, or those of them that are asked for.

    `Accept: text/event-stream` (or anything) streams them until the task ends; `Accept:
    application/json`, or one of `wait` and `limit`, returns those that are there.
    """
    part = asked.parse()
    await caller.require(Action.READ, task_id)
    if asks_for_stream(request, wait, limit):
        return await event_stream(gateway, caller.enter(Transport.SSE), task_id, part, tells_end=end)
    with caller.visit() as visit:
        poll_wait = poll_wait_of(request, visit, wait)
        found = await gateway.polling.events(task_id, part, limit or MAX_LIMIT, poll_wait)
    return json_response(found, cache_headers(200, Keep.NOBODY, *NEGOTIATED))
