"""Hears what every task's journal publishes, and tells the operators each second what it adds up to.

Of all gateways one does it at a time. It tells them through the journal of one well-known task: so the
page that shows it is a client like any other, has the last minutes at once, and survives this gateway.
"""

from __future__ import annotations

import asyncio
import json
import logging
from typing import TYPE_CHECKING, Any

from taskbeam.background.log_fields import about
from taskbeam.gateway.auth.operators import DASHBOARD as DASHBOARD
from taskbeam.gateway.dashboard.every_event import MissedError
from taskbeam.gateway.dashboard.lease import Lease
from taskbeam.gateway.dashboard.rows import change_of
from taskbeam.gateway.dashboard.tally import Tally
from taskbeam.gateway.dashboard.workers_and_queues import (
    queue_names,
    read_queues,
    read_runs,
    read_workers,
)
from taskbeam.journal.away import REDIS_AWAY
from taskbeam.journal.encode import to_json
from taskbeam.journal.entry import Entry, Verdict
from taskbeam.journal.events import Record
from taskbeam.journal.limits import Limits

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from taskbeam.gateway.connections.broker import RedisBroker
    from taskbeam.gateway.dashboard.every_event import EventSource, Heard
    from taskbeam.gateway.dashboard.task_index import TaskIndex
    from taskbeam.journal.appender import JournalAppender
    from taskbeam.journal.control_keys import ControlKeys
    from taskbeam.journal.keys import JournalNames

logger = logging.getLogger(__name__)


#: Seconds between two ticks; ticks that the journal keeps; seconds that it outlives the last one.
INTERVAL = 1.0
KEPT = 600
TTL = 3600

#: Bytes of them: each may tell of hundreds of names.
KEPT_BYTES = KEPT * 48 * 1024

#: For so many milliseconds from each tick on the gateway that publishes holds its lease.
LEASE_MS = 5000

#: Ticks between two looks for new queues.
LOOK = 5


class DashboardPublisher:
    """Publishes while it runs; costs nothing but a lease's renewal where another gateway does."""

    def __init__(
        self,
        redis: Redis,
        control: ControlKeys,
        appender: JournalAppender,
        broker: RedisBroker | None,
        names: JournalNames,
        source: EventSource,
        index: TaskIndex,
    ) -> None:
        """``broker``: where the queues are, if that is Redis; ``names``: of the tasks.

        ``source``: where their events come from; ``index``: the list of tasks that is kept with them.
        """
        self._redis: Any = redis  # redis-py's types leave open whether replies are decoded
        self._control = control
        self._appender = appender
        self._broker = broker
        self._names = names
        self._source = source
        self._index = index
        # Where it runs out nobody has published, and on a cluster nobody was told news.
        self._lease = Lease(redis, control.dashboard, LEASE_MS)
        self._queues: list[str] = []

    async def run(self) -> None:
        """Publish, or stand by, until cancelled."""
        try:
            while True:
                try:
                    if await self._lease.take():
                        await self._publish()
                except REDIS_AWAY as error:
                    logger.warning("The dashboard cannot reach Redis, trying again: %s", error)
                await asyncio.sleep(INTERVAL)
        finally:
            await self._lease.leave()

    async def _publish(self) -> None:
        """Until another gateway has the lease, or the connection was lost: then something was missed."""
        tally, ticks = Tally(), 0
        async with self._source.hear() as heard:
            await self._index.load()
            while await self._lease.renew():
                if ticks and not await self._listen(heard, tally):
                    return
                if ticks % LOOK == 0 and self._broker is not None:
                    self._queues = await queue_names(self._broker)
                tick = tally.tick()
                surroundings = await self._surroundings()
                await self._index.write(await read_runs(self._redis, self._control))
                await self._index.find()
                # A new publisher knows nothing of what went on before it.
                await self._tell(
                    {"fresh": ticks == 0, **tick, "standing": self._index.standing, **surroundings}
                )
                ticks += 1

    async def _listen(self, heard: Heard, tally: Tally) -> bool:
        """Take what comes in one interval; returns whether that is all that was published."""
        clock = asyncio.get_running_loop().time
        end = clock() + INTERVAL
        while (left := end - clock()) > 0:
            try:
                message = await heard.next(left)
            except MissedError:
                logger.warning("The dashboard lost its connection to Redis; it begins anew.")
                return False
            if message is not None:
                self._take(*message, tally)
        return True

    def _take(self, channel: str, raw: bytes, tally: Tally) -> None:
        if not raw:
            return  # `taskbeam doctor` tries whether it may publish
        try:
            record = Record.parse(raw)
            # Our own ticks come by, too; they are data, which is not counted.
            event = json.loads(record.body)
            tally.heard(event, first=record.id.seq == 1)
            change = change_of(event, record.id)
        except Exception as error:
            # Whoever reaches Redis may publish anything.
            logger.warning(
                "The dashboard ignores a message on channel %r, which is no event: %r", channel, error
            )
        else:
            if change is not None:
                self._index.heard(change)

    async def _surroundings(self) -> dict[str, Any]:
        seconds, micros = await self._redis.time()
        now = int(seconds) * 1000 + int(micros) // 1000
        workers = await read_workers(self._redis, self._control, now)
        queues = None  # unknown
        if self._broker is not None:
            queues = await read_queues(self._redis, self._control, self._broker, self._queues)
        return {"workers": workers, "queues": queues}

    async def _tell(self, tick: dict[str, Any]) -> None:
        entry = Entry(
            keys=self._names.task(DASHBOARD),
            task_id=DASHBOARD,
            type="data",
            members={"data": to_json(tick)},
            name=DASHBOARD,
            limits=Limits(limit=KEPT, limit_bytes=KEPT_BYTES, expires=TTL),
        )
        if (await self._appender.append(entry)).verdict is Verdict.REFUSED:
            logger.warning(
                "The dashboard's journal takes no more: somebody has ended it. It begins anew.",
                extra=about(task_id=DASHBOARD),
            )
            await self._appender.forget(entry.keys)
            await self._appender.append(entry)
