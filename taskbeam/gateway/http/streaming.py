"""Answer a request with an event stream: that of a task, or of a feed."""

from fastapi import Response

from taskbeam.follow.followed import Followed
from taskbeam.follow.task_channel import TaskChannel
from taskbeam.gateway.delivery.opening import open_task
from taskbeam.gateway.delivery.part import Part
from taskbeam.gateway.http.caching import Keep, cache_headers
from taskbeam.gateway.http.negotiation import NEGOTIATED
from taskbeam.gateway.limits.admission import Admission
from taskbeam.gateway.runtime import Runtime
from taskbeam.gateway.transports.stream import EventStreamResponse


async def event_stream(
    gateway: Runtime,
    admission: Admission,
    name: str,
    part: Part,
    kind: type[Followed] = TaskChannel,
    *,
    tells_end: bool = False,
) -> Response:
    """The part of it; 204 where there is nothing, and never will be.

    ``admission`` leaves with the stream, or at once where none opens. ``kind`` says what the ``name`` is of;
    for ``tells_end`` see `EventStreamResponse`. Raises as `open_task`.
    """
    settings = gateway.settings
    try:
        opening = await open_task(gateway.hub, name, part, settings.redis_timeout, gateway.shutdown, kind)
    except BaseException:
        admission.leave()
        raise
    if opening.nothing_left:
        admission.leave()
        return Response(status_code=204, headers=cache_headers(204, Keep.NOBODY, *NEGOTIATED))
    gateway.hub.counts.began(part.start)
    return EventStreamResponse(
        opening, gateway.heartbeats, settings.heartbeat, admission, gateway.shutdown, tells_end=tells_end
    )
