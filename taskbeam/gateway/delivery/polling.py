"""REST polling: the journal as it is, or as soon as it has something newer."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, NamedTuple

from taskbeam.follow.event import Event, gap_event
from taskbeam.gateway.delivery.opening import open_task
from taskbeam.gateway.problems import PROBLEM_OF_END, TaskbeamError
from taskbeam.journal.encode import to_json
from taskbeam.journal.history import Absence

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from taskbeam.gateway.gateway import Gateway
    from taskbeam.journal.events import EventId
    from taskbeam.journal.history import History


class PollWait(NamedTuple):
    """How long a poll waits for something newer: so many seconds, and no longer than its client does."""

    seconds: float
    #: Returns when the client has gone.
    gone: Callable[[], Coroutine[Any, Any, None]]


async def snapshot_after(
    gateway: Gateway, task_id: str, after: EventId | None, poll_wait: PollWait | None = None
) -> History:
    """The newest snapshot; one that is newer than the cursor is waited for with ``poll_wait``.

    Raises `TaskbeamError` ``unknown_task``.
    """
    history = await _read(gateway, task_id, after, 1)
    if poll_wait is not None and after is not None and history.last == after and not history.ended:
        await _wait_for_news(gateway, task_id, after, poll_wait)
        history = await _read(gateway, task_id, after, 1)
    return history


async def events_after(
    gateway: Gateway, task_id: str, after: EventId | None, limit: int, poll_wait: PollWait | None = None
) -> bytes:
    """The events after the cursor as JSON ``{events, last_event_id, final}``; bodies are not parsed.

    ``last_event_id`` is the cursor for the next call, ``final`` whether that call would bring nothing.
    Raises `TaskbeamError` ``unknown_task``.
    """
    history = await _read(gateway, task_id, after, limit)
    if poll_wait is not None and not history.records and not history.ended:
        await _wait_for_news(gateway, task_id, after, poll_wait)
        history = await _read(gateway, task_id, after, limit)
    gap, records = history.replay(after)
    events = [Event.of(record) for record in records]
    if gap is not None:
        events.insert(0, gap_event(to_json(task_id).encode(), gap, history.snapshot))
    last = events[-1].id if events else history.last
    final = b"true" if history.ended and last == history.last else b"false"
    bodies = b",".join(event.body for event in events)
    return b'{"events":[%b],"last_event_id":"%d-%d","final":%b}' % (bodies, *last, final)


async def _read(gateway: Gateway, task_id: str, after: EventId | None, limit: int) -> History:
    keys = gateway.hub.keys(task_id)
    history = await gateway.journal.read(keys, after, limit)
    if isinstance(history, Absence):
        raise TaskbeamError(PROBLEM_OF_END[history])
    if history.waits:
        gateway.audience.ask(task_id, keys)
    return history


async def _wait_for_news(gateway: Gateway, task_id: str, after: EventId | None, poll_wait: PollWait) -> None:
    opening = await open_task(gateway.hub, task_id, after, gateway.settings.redis_timeout)
    seconds = min(poll_wait.seconds, gateway.settings.max_wait)
    waits = [asyncio.create_task(opening.mailbox.take(seconds)), asyncio.create_task(poll_wait.gone())]
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
        opening.follower.cancel()
