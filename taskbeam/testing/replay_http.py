"""A recorded task over HTTP: an event stream, or JSON for whoever polls."""

from __future__ import annotations

from typing import TYPE_CHECKING

from taskbeam.follow.filters import Passed
from taskbeam.testing.asgi import Reply, answer, heard, start

if TYPE_CHECKING:
    from taskbeam.follow.event import Event
    from taskbeam.testing.asgi import Receive, Send
    from taskbeam.testing.replay import Follower, ReplayedTask
    from taskbeam.testing.replayed_tasks import ReplayedTasks

#: Seconds between two signs of life of a silent stream.
HEARTBEAT = 15.0

#: Milliseconds that an `EventSource` waits before it comes back.
RETRY = 100


async def stream(
    tasks: ReplayedTasks, task: ReplayedTask, follower: Follower, receive: Receive, send: Send
) -> None:
    """Server-Sent Events up to the end; 204 for whoever has it."""
    events = follower.take(tasks.age(task))
    if follower.finished and not events:
        await answer(send, Reply(204))
        return
    await start(send, 200, {"Content-Type": "text/event-stream", "X-Accel-Buffering": "no"})
    await _chunk(send, b"retry: %d\n\n" % RETRY)
    while True:
        for event in events:
            await _chunk(send, event.sse)
        if follower.cut is not None:
            await _chunk(send, follower.cut.sse[: len(follower.cut.sse) // 2])
        if follower.finished or follower.cut is not None:
            break
        message = await heard(receive, min(task.wait(tasks.age(task)) or HEARTBEAT, HEARTBEAT))
        if message is not None and message["type"] == "http.disconnect":
            return
        events = follower.take(tasks.age(task))
        if not events:
            await _chunk(send, b":\n\n")
    await send({"type": "http.response.body", "body": b""})


async def poll(
    tasks: ReplayedTasks, task: ReplayedTask, follower: Follower, wait: float, receive: Receive, send: Send
) -> None:
    """One page of JSON, with up to ``wait`` seconds until there is something new. A cut ends the page."""
    events = _page(follower, tasks.age(task))
    until = tasks.age(task) + wait
    while not events and not follower.finished and (left := until - tasks.age(task)) > 0:
        message = await heard(receive, min(task.wait(tasks.age(task)) or left, left))
        if message is not None and message["type"] == "http.disconnect":
            return
        events = _page(follower, tasks.age(task))
    last = str(follower.after).encode()
    final = b"true" if follower.finished else b"false"
    body = b'{"events":[%b],"last_event_id":"%b","final":%b}' % (
        b",".join(event.body for event in events),
        last,
        final,
    )
    await answer(send, Reply(200, body))


def _page(follower: Follower, age: float) -> list[Event]:
    """What is due; the cursor of a page says how far it has come."""
    return [event for event in follower.take(age) if not isinstance(event, Passed)]


async def _chunk(send: Send, data: bytes) -> None:
    await send({"type": "http.response.body", "body": data, "more_body": True})
