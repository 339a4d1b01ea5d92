"""REST polling: the journal as it is, or as soon as it has something newer."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, NamedTuple

from taskbeam.follow.event import Event, gap_event
from taskbeam.gateway.delivery.ends import PROBLEMS
from taskbeam.gateway.delivery.opening import open_task
from taskbeam.gateway.errors import TaskbeamError
from taskbeam.journal.encode import to_json
from taskbeam.journal.history import Absence

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from taskbeam.gateway.gateway import Gateway
    from taskbeam.journal.events import EventId
    from taskbeam.journal.history import History


class Patience(NamedTuple):
    """How long a poll waits for something newer: so many seconds, and no longer than its client does."""

    seconds: float
    #: Returns when the client has gone.
    gone: Callable[[], Coroutine[Any, Any, None]]


async def snapshot_after(
    gateway: Gateway, task_id: str, after: EventId | None, patience: Patience | None = None
) -> History:
    """The newest picture; one that is newer than the cursor is waited for with ``patience``.

    Raises `TaskbeamError` ``unknown_task``.
    """
    history = await _read(gateway, task_id, after, 1)
    if patience is not None and after is not None and history.last == after and not history.ended:
        await _wait_for_news(gateway, task_id, after, patience)
        history = await _read(gateway, task_id, after, 1)
    return history


async def events_after(
    gateway: Gateway, task_id: str, after: EventId | None, limit: int, patience: Patience | None = None
) -> bytes:
    """The events after the cursor as JSON ``{events, last_event_id, final}``; bodies are not parsed.

    ``last_event_id`` is the cursor for the next call, ``final`` whether that call would bring nothing.
    Raises `TaskbeamError` ``unknown_task``.
    """
    history = await _read(gateway, task_id, after, limit)
    if patience is not None and not history.records and not history.ended:
        await _wait_for_news(gateway, task_id, after, patience)
        history = await _read(gateway, task_id, after, limit)
    gap, records = history.replay(after)
    events = [Event.of(record) for record in records]
    if gap is not None:
        events.insert(0, gap_event(to_json(task_id).encode(), gap, history.picture))
    last = events[-1].id if events else history.last
    final = b"true" if history.ended and last == history.last else b"false"
    bodies = b",".join(event.body for event in events)
    return b'{"events":[%b],"last_event_id":"%d-%d","final":%b}' % (bodies, *last, final)


async def _read(gateway: Gateway, task_id: str, after: EventId | None, limit: int) -> History:
    keys = gateway.hub.keys(task_id)
    history = await gateway.journal.read(keys, after, limit)
    if isinstance(history, Absence):
        raise TaskbeamError(PROBLEMS[history])
    if history.waits:
        gateway.audience.ask(task_id, keys)
    return history


async def _wait_for_news(gateway: Gateway, task_id: str, after: EventId | None, patience: Patience) -> None:
    opening = await open_task(gateway.hub, task_id, after, gateway.settings.patience)
    seconds = min(patience.seconds, gateway.settings.longest_wait)
    waits = [asyncio.create_task(opening.mailbox.take(seconds)), asyncio.create_task(patience.gone())]
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
        opening.follower.cancel()
