"""Feeds over HTTP: the list of a feed's tasks, and its events as a stream or as JSON."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response

from taskbeam.follow.feed_channel import FeedChannel
from taskbeam.gateway import problems
from taskbeam.gateway.dependencies import CallerDep, RuntimeDep
from taskbeam.gateway.feeds.models import STREAM, FeedEvents, FeedTasks
from taskbeam.gateway.http.answer_body import forbid_null
from taskbeam.gateway.http.answers import described
from taskbeam.gateway.http.caching import Keep, cache_headers
from taskbeam.gateway.http.negotiation import EVENT_STREAM, NEGOTIATED
from taskbeam.gateway.http.problem_details import IDENTITY_PROBLEMS, documented
from taskbeam.gateway.http.reading import (
    MAX_LIMIT,
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

router = APIRouter(tags=["feeds"], route_class=GatewayRoute)

#: Tasks of one page, and how many it may be asked for.
DEFAULT_PAGE, MAX_PAGE = 100, 500

#: States that one list may be asked for.
MAX_STATES = 20

Feed = Annotated[
    str,
    Path(
        description="`owner:` and an owner, `owner:me`: whoever asks, or `tag:` and a tag.",
        examples=["owner:me"],
    ),
]
State = Annotated[
    list[str],
    Query(
        max_length=MAX_STATES,
        description="Only tasks in this state, or in one of several; `open`: each that has not ended.",
    ),
]
Before = Annotated[
    int | None,
    Query(ge=1, le=2**53, description="`next` of the page before.", json_schema_extra=forbid_null),
]
PageLimit = Annotated[int, Query(ge=1, le=MAX_PAGE, description="Tasks to return at the most.")]

FEED_PROBLEMS = (
    *IDENTITY_PROBLEMS,
    problems.UNKNOWN_FEED,
    problems.NOT_FOUND,  # a path with a line break is none of a route's
    problems.INVALID_REQUEST,
    problems.UNKNOWN_HOST,
    problems.INTERNAL,
    problems.UNAVAILABLE,
)


# Before the list, whose path takes any name, with its slashes.
@router.get(
    "/feeds/{feed:path}/events",
    operation_id="get_feed_events",
    response_model=FeedEvents,
    responses=documented(*FEED_PROBLEMS, problems.BAD_CURSOR)
    | {
        200: described("The events.", "Cache-Control", content={EVENT_STREAM: STREAM}),
        204: described("The feed has ended and the cursor is at its end.", "Cache-Control"),
    },
)
async def events(
    request: Request,
    gateway: RuntimeDep,
    caller: CallerDep,
    feed: Feed,
    asked: PartDep,
    wait: Wait = None,
    limit: Limit = None,
) -> Response:
    """The feed's events after the cursor, or those of them that are asked for; `0-0` is before the first.

    `Accept: text/event-stream` (or anything) streams them until a group or a tree ends; `Accept:
    application/json`, or one of `wait` and `limit`, returns the numbered ones that are there.
    """
    part = asked.parse()
    name = caller.require_feed(feed)
    if asks_for_stream(request, wait, limit):
        return await event_stream(gateway, caller.enter(Transport.SSE), str(name), part, FeedChannel)
    with caller.visit() as visit:
        poll_wait = poll_wait_of(request, visit, wait)
        found = await gateway.feeds.events(name, part, limit or MAX_LIMIT, poll_wait)
    return json_response(found, cache_headers(200, Keep.NOBODY, *NEGOTIATED))


@router.get(
    "/feeds/{feed:path}",
    operation_id="get_feed",
    response_model=FeedTasks,
    responses=documented(*FEED_PROBLEMS) | {200: described("The tasks.", "Cache-Control")},
)
async def tasks(
    gateway: RuntimeDep,
    caller: CallerDep,
    feed: Feed,
    state: State = [],  # noqa: B006  # FastAPI copies it
    before: Before = None,
    limit: PageLimit = DEFAULT_PAGE,
) -> Response:
    """The feed's tasks, the newest first, with `last_event_id` as the cursor to stream from.

    A page may have fewer than `limit`; `next` says whether there are more.
    """
    name = caller.require_feed(feed)
    with caller.visit():
        found = await gateway.feeds.tasks(name, state, before, limit)
    return json_response(found, cache_headers(200, Keep.NOBODY))
