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

    from taskbeam.follow.hub import Hub
    from taskbeam.gateway.shutdown import Shutdown
    from taskbeam.journal.events import EventId
    from taskbeam.journal.history import History
    from taskbeam.journal.reader import JournalReader
    from taskbeam.queues.audience import Audience


class PollWait(NamedTuple):
    """How long a poll waits for something newer: so many seconds, and no longer than its client does."""

    seconds: float
    #: Returns when the client has gone.
    gone: Callable[[], Coroutine[Any, Any, None]]


class Polling:
    """Reads journals for those who poll. ``redis_timeout`` and ``max_wait`` are in seconds."""

    def __init__(
        self,
        hub: Hub,
        journal: JournalReader,
        audience: Audience,
        shutdown: Shutdown,
        redis_timeout: float,
        max_wait: float,
    ) -> None:
        self._hub = hub
        self._journal = journal
        self._audience = audience
        self._shutdown = shutdown
        self._redis_timeout = redis_timeout
        self._max_wait = max_wait

    async def snapshot(
        self, task_id: str, after: EventId | None = None, poll_wait: PollWait | None = None
    ) -> History:
        """The newest snapshot; one that is newer than the cursor is waited for with ``poll_wait``.

        Raises `TaskbeamError` ``unknown_task`` or ``expired``; redis-py's errors.
        """
        history = await self._read(task_id, after, 1)
        if poll_wait is not None and after is not None and history.last == after and not history.ended:
            await self._wait_for_news(task_id, after, poll_wait)
            history = await self._read(task_id, after, 1)
        return history

    async def events(
        self, task_id: str, after: EventId | None, limit: int, poll_wait: PollWait | None = None
    ) -> bytes:
        """The events after the cursor as JSON ``{events, last_event_id, final}``; bodies are not parsed.

        ``last_event_id`` is the cursor for the next call, ``final`` whether that call would bring nothing.
        Raises `TaskbeamError` ``unknown_task`` or ``expired``; redis-py's errors.
        """
        history = await self._read(task_id, after, limit)
        if poll_wait is not None and not history.records and not history.ended:
            await self._wait_for_news(task_id, after, poll_wait)
            history = await self._read(task_id, after, limit)
        gap, records = history.replay(after)
        events = [Event.of(record) for record in records]
        if gap is not None:
            events.insert(0, gap_event(to_json(task_id).encode(), gap, history.snapshot))
        last = events[-1].id if events else history.last
        final = b"true" if history.ended and last == history.last else b"false"
        bodies = b",".join(event.body for event in events)
        return b'{"events":[%b],"last_event_id":"%d-%d","final":%b}' % (bodies, *last, final)

    async def _read(self, task_id: str, after: EventId | None, limit: int) -> History:
        keys = self._hub.keys(task_id)
        history = await self._journal.read(keys, after, limit)
        if isinstance(history, Absence):
            raise TaskbeamError(PROBLEM_OF_END[history])
        if history.waits:
            self._audience.ask(task_id, keys)
        return history

    async def _wait_for_news(self, task_id: str, after: EventId | None, poll_wait: PollWait) -> None:
        opening = await open_task(self._hub, task_id, after, self._redis_timeout)
        seconds = min(poll_wait.seconds, self._max_wait)
        waits = [asyncio.create_task(opening.mailbox.take(seconds)), asyncio.create_task(poll_wait.gone())]
        try:
            with self._shutdown.watched_by(opening.mailbox.restart):
                await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
            opening.follower.cancel()
