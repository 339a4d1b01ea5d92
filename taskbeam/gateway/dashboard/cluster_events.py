"""Hears the events of all tasks of a Redis Cluster, no server of which hears them all: from their journals.

Workers and senders say in one stream, in the slot of what belongs to no task, which tasks have news. Once a
second the gateway whose turn it is reads the journals of those, and of all that run, from where it has read
them before. So nothing depends on who was subscribed to what while slots moved, or a replica was promoted.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections import deque
from contextlib import asynccontextmanager
from itertools import islice
from time import time
from typing import TYPE_CHECKING, Any, NamedTuple

from redis.exceptions import ResponseError

from taskbeam.background.log_fields import about
from taskbeam.gateway.dashboard.every_event import MissedError
from taskbeam.gateway.dashboard.turns import Turns
from taskbeam.journal.away import REDIS_AWAY
from taskbeam.journal.history import Absence
from taskbeam.journal.reader import JournalReader

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable

    from redis.asyncio import Redis

    from taskbeam.journal.control_keys import ControlKeys
    from taskbeam.journal.events import EventId, Record
    from taskbeam.journal.exchange import Exchange
    from taskbeam.journal.history import History
    from taskbeam.journal.keys import JournalNames, TaskKeys

logger = logging.getLogger(__name__)

#: Seconds between two looks; seconds that the stream of news outlives the last one.
LOOK = 1.0
NEWS_LIFE = 60

#: News in one round trip; journals that are read at once, and records of one that a read brings.
MOST_NEWS = 5000
AT_ONCE = 500
MOST_RECORDS = 1000

#: Seconds that the journals have to answer in one look: less than the lease of whoever publishes. Those of a
#: master that is away come in a later look.
PATIENCE = 2.0

#: Tasks that run whose journals one look reads, beside those that have news: of more, by turns. And tasks of
#: which it is known how far they were read. Of more it is known when they were read last.
MOST_RUNNING = 2000
MOST_CURSORS = 50_000


class _Place(NamedTuple):
    """How far a journal was read, and when (Unix seconds)."""

    cursor: EventId
    at: float


class ClusterEvents:
    """What is new in the journals, as an `EventSource`."""

    def __init__(self, redis: Redis, control: ControlKeys, exchange: Exchange, names: JournalNames) -> None:
        """``redis``: a client of the control slot; ``exchange``: by what journals are read."""
        self._redis: Any = redis
        self._control = control
        self._reader = JournalReader(exchange)
        self._names = names

    @asynccontextmanager
    async def hear(self) -> AsyncIterator[HeardJournals]:
        """Hear what is told from now on. Raises redis-py's errors."""
        # From here on nothing is missed, and what the stream has no more shows.
        began = await self._redis.xadd(self._control.news, {"task": ""})
        yield HeardJournals(self._redis, self._control, self._reader, self._names, began)


class HeardJournals:
    """What is new in journals, since the entry of the stream that is named ``began``."""

    def __init__(
        self, redis: Redis, control: ControlKeys, reader: JournalReader, names: JournalNames, began: bytes
    ) -> None:
        self._redis: Any = redis
        self._control = control
        self._reader = reader
        self._names = names
        self._last = began
        # Milliseconds by Redis' clock. What was told before is no news.
        self._since = float(began.split(b"-")[0])
        # Those that were read last stand last; when one was read that is forgotten, is no news either.
        self._places: dict[str, _Place] = {}
        self._again: list[str] = []
        self._turns = Turns()
        self._ready: deque[tuple[str, bytes]] = deque()
        self._next_look = 0.0

    async def next(self, seconds: float) -> tuple[str, bytes] | None:
        """The channel and the record of the next event, within so many seconds; None: there is none.

        Raises `MissedError`, redis-py's errors.
        """
        clock = asyncio.get_running_loop().time
        end = clock() + seconds
        while not self._ready:
            now = clock()
            if now >= self._next_look:
                self._next_look = now + LOOK
                await self._look()
            elif now >= end:
                return None
            else:
                await asyncio.sleep(min(end, self._next_look) - now)
        return self._ready.popleft()

    async def _look(self) -> None:
        news = await self._news()
        due = list(dict.fromkeys([*news, *self._again, *await self._running()]))
        named, self._again = set(news), []
        end = asyncio.get_running_loop().time() + PATIENCE
        for start in range(0, len(due), AT_ONCE):
            batch = due[start : start + AT_ONCE]
            kept = await asyncio.gather(*(self._read(task, end) for task in batch))
            # A run is named before its first event is there, and a task before its journal.
            self._again += [
                task
                for task, goes_on in zip(batch, kept, strict=True)
                if goes_on is None or (goes_on and task in named)
            ]
        for forgotten in list(islice(self._places, max(0, len(self._places) - MOST_CURSORS))):
            self._since = max(self._since, self._places.pop(forgotten).at * 1000)

    async def _news(self) -> list[str]:
        """The result keys of tasks with news."""
        tasks: dict[str, None] = {}
        stream, count = self._control.news, MOST_NEWS
        while count == MOST_NEWS:
            entries = await self._redis.xrange(stream, min=self._last, count=MOST_NEWS)
            if not entries or entries[0][0] != self._last:
                raise MissedError
            count, self._last = len(entries), entries[-1][0]
            tasks |= dict.fromkeys(fields[b"task"].decode() for _, fields in entries[1:])
        await self._redis.expire(stream, NEWS_LIFE)
        return self._ours(tasks)

    async def _running(self) -> list[str]:
        """Those of tasks that run, as their workers have registered them, and whose turn it is."""
        workers = await self._redis.zrange(self._control.workers, 0, -1)
        pipeline = self._redis.pipeline(transaction=False)
        for worker in workers:
            pipeline.hkeys(self._control.runs(worker.decode()))
        registered = await pipeline.execute() if workers else []
        running = self._ours(task.decode() for each in registered for task in each)
        return self._turns.take(running, MOST_RUNNING)

    def _ours(self, results: Iterable[str]) -> list[str]:
        """Those of this application, without the marks that are no task's."""
        return [result for result in results if result and result.startswith(self._names.prefix)]

    async def _read(self, result: str, end: float) -> bool | None:
        """Take what is new in one journal, until the loop's time ``end``.

        Returns whether the task goes on; None: its server has not answered.
        """
        keys = self._names.kind(result)
        while True:
            cursor = self._cursor(result)
            try:
                async with asyncio.timeout_at(end):
                    history = await self._reader.read(keys, cursor, MOST_RECORDS)
            except (ResponseError, ValueError) as error:
                logger.warning(
                    "The dashboard cannot read the journal of %s: %s",
                    keys.task_id,
                    error,
                    extra=about(task_id=keys.task_id),
                )
                return False
            except REDIS_AWAY:
                return None
            if isinstance(history, Absence):
                return True
            self._take(keys, history, cursor)
            # Where another life of the journal begins the next read goes on.
            if self._cursor(result) in (cursor, history.last):
                return not history.ended

    def _cursor(self, result: str) -> EventId | None:
        place = self._places.get(result)
        return None if place is None else place.cursor

    def _take(self, keys: TaskKeys, history: History, cursor: EventId | None) -> None:
        replay = history.replay(cursor)
        if replay is None:
            return
        if replay.gap is not None and replay.gap.reason == "trimmed" and cursor is not None:
            logger.warning(
                "The dashboard has missed events of %s: its journal has dropped them",
                keys.task_id,
                extra=about(task_id=keys.task_id),
            )
        self._ready += [
            (keys.channel, _raw(record)) for record in replay.records if self._is_new(record, cursor)
        ]
        self._places.pop(keys.result, None)
        read_to = replay.records[-1].id if replay.records else history.last
        self._places[keys.result] = _Place(read_to, time())

    def _is_new(self, record: Record, cursor: EventId | None) -> bool:
        if cursor is not None or record.id.epoch >= self._since:
            return True
        return bool(json.loads(record.body)["ts"] * 1000 >= self._since)


def _raw(record: Record) -> bytes:
    """As it was published."""
    return b"%d-%d %d %s" % (*record.id, record.final, record.body)
