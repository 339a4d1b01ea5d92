"""One task over HTTP: its snapshot, and its events as a stream or as JSON."""

from typing import Annotated

from fastapi import APIRouter, Header, Query, Request, Response
from pydantic import BaseModel

from taskbeam.gateway import problems
from taskbeam.gateway.auth.identity import Action
from taskbeam.gateway.delivery.cursor import parse_cursor
from taskbeam.gateway.delivery.opening import open_task
from taskbeam.gateway.delivery.polling import PollWait
from taskbeam.gateway.dependencies import CallerDep, RuntimeDep
from taskbeam.gateway.http.event_schemas import EVENTS, SNAPSHOT, STREAM, described
from taskbeam.gateway.http.negotiation import EVENT_STREAM, JSON, wants_event_stream
from taskbeam.gateway.http.problem_details import IDENTITY_PROBLEMS, documented
from taskbeam.gateway.http.route import GatewayRoute
from taskbeam.gateway.jobs.cancelling import Cancellation
from taskbeam.gateway.limits.admission import Admission
from taskbeam.gateway.runtime import Runtime
from taskbeam.gateway.transports.stream import EventStreamResponse
from taskbeam.journal.events import EventId

router = APIRouter(tags=["tasks"], route_class=GatewayRoute)

MAX_LIMIT = 1000

After = Annotated[str | None, Query(description="The cursor: the id of the last event that the client has.")]
Wait = Annotated[float | None, Query(ge=0, description="Seconds to wait for something newer.")]
Limit = Annotated[int | None, Query(ge=1, le=MAX_LIMIT, description="Events to return at the most.")]

_TASK_PROBLEMS = (
    *IDENTITY_PROBLEMS,
    problems.UNKNOWN_TASK,
    problems.EXPIRED,
    problems.INVALID_REQUEST,
    problems.INTERNAL,
    problems.UNAVAILABLE,
)
_PROBLEMS = documented(*_TASK_PROBLEMS, problems.BAD_CURSOR, problems.TOO_MANY_CONNECTIONS)


@router.get(
    "/tasks/{task_id}",
    responses=_PROBLEMS
    | {
        200: described("The newest snapshot.", {JSON: SNAPSHOT}, "ETag"),
        304: described("Nothing is newer.", header="ETag"),
    },
)
async def snapshot(
    request: Request,
    gateway: RuntimeDep,
    caller: CallerDep,
    task_id: str,
    after: After = None,
    wait: Wait = None,
    if_none_match: Annotated[str | None, Header()] = None,
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
    responses=_PROBLEMS
    | {
        200: described("The events.", {EVENT_STREAM: STREAM, JSON: EVENTS}),
        204: described("The task has ended and the cursor is at its end; an EventSource stops."),
    },
)
async def events(
    request: Request,
    gateway: RuntimeDep,
    caller: CallerDep,
    task_id: str,
    after: After = None,
    wait: Wait = None,
    limit: Limit = None,
    last_event_id: Annotated[str | None, Header()] = None,
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


class CancelAnswer(BaseModel):
    """How far a request to cancel got: `revoked`, `requested` or `terminating`."""

    task_id: str
    cancel: Cancellation


@router.post(
    "/tasks/{task_id}/cancel",
    status_code=202,
    responses=documented(*_TASK_PROBLEMS, problems.FORBIDDEN, problems.TOO_LATE),
)
async def cancel(
    gateway: RuntimeDep,
    caller: CallerDep,
    task_id: str,
    terminate: Annotated[bool, Query(description="End a running task by signal.")] = False,
) -> CancelAnswer:
    """Revoke a queued task at once, or ask a running one to stop."""
    await caller.require(Action.CANCEL, task_id)
    return CancelAnswer(task_id=task_id, cancel=await gateway.canceller.cancel(task_id, terminate=terminate))


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
