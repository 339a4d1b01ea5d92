"""Hears Celery's results for followed tasks, and appends them to journals of ours, by placing's rules."""

from __future__ import annotations

import asyncio
import time
from functools import partial
from typing import TYPE_CHECKING

from redis.exceptions import TimeoutError as RedisTimeoutError

from taskbeam.background.backoff import Backoff
from taskbeam.background.logger import logger_for
from taskbeam.journal.away import REDIS_AWAY
from taskbeam.journal.keys import task_keys
from taskbeam.journal.pipelined_connection import settle
from taskbeam.stock.heard_journals import HeardJournals
from taskbeam.stock.heard_task import HeardTask
from taskbeam.stock.hearing import HearingConnection
from taskbeam.stock.history import START
from taskbeam.stock.lingering import LINGER, Lingering

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from redis.asyncio import Redis

    from taskbeam.journal.exchange import Exchange
    from taskbeam.journal.failures import PublicErrors
    from taskbeam.journal.limits import Limits

logger = logger_for(__name__)

#: Seconds between two tries to connect: a random part of a limit that doubles.
FIRST_PAUSE, LAST_PAUSE = 0.05, 2.0

#: A silent connection is asked for a sign of life this often, in seconds.
PING_INTERVAL = 10.0


class StockWatcher:
    """The tasks that this gateway hears.

    Args:
        redis: the server with Celery's results.
        exchange: a connection for what is appended.
        key_prefix: what stands before a task's id in the key of its result.
        limits: how much is kept of a journal.
        public_errors: as in `taskbeam_options`: what a client is told of exceptions, by their class.
    """

    def __init__(
        self,
        redis: Redis,
        exchange: Exchange,
        key_prefix: str,
        limits: Limits,
        public_errors: PublicErrors | None = None,
    ) -> None:
        self._redis = redis
        self._prefix = key_prefix
        self._journals = HeardJournals(exchange, limits, public_errors or {})
        self._tasks: dict[str, HeardTask] = {}
        self._channels: dict[bytes, HeardTask] = {}
        self._lingering = Lingering()
        self._sweep: asyncio.TimerHandle | None = None
        self._connection: HearingConnection | None = None

    # Who wants to know.

    start = START

    def follow(self, task_id: str) -> None:
        """Somebody follows the task, until `unfollow`."""
        task = self._task(task_id)
        self._lingering.leave(task_id)
        task.open()
        task.followed = True

    def unfollow(self, task_id: str) -> None:
        """Nobody follows it any more; it is heard for a while all the same."""
        task = self._tasks.get(task_id)
        if task is not None:
            task.followed = False
            self._linger(task)

    def when_settled(self, task_id: str, then: Callable[[], None]) -> None:
        """Call ``then``, often at once, when the task's journal has what Celery has stored by now."""
        task = self._task(task_id)
        if not task.followed:
            task.open()
            self._linger(task)
        task.when_settled(then)

    async def settled(self, task_id: str, timeout: float) -> None:  # noqa: ASYNC109
        """Wait for the same, at most ``timeout`` seconds; raises redis-py's `TimeoutError`."""
        waiting: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.when_settled(task_id, partial(settle, waiting, None))
        try:
            async with asyncio.timeout(timeout):
                await waiting
        except TimeoutError:
            raise RedisTimeoutError("Celery's result cannot be looked at") from None

    async def tell_as_sent(self, task_id: str, name: str, labels: Mapping[str, str]) -> None:
        """Begin the journal of a task that this gateway sends; raises redis-py's errors."""
        await self._journals.begin(task_id, task_keys(task_id, self._prefix), name, labels)

    # The connection.

    async def run(self) -> None:
        """Keep the connection until cancelled."""
        backoff = Backoff(FIRST_PAUSE, LAST_PAUSE)
        while True:
            connection = HearingConnection(self._published)
            try:
                await connection.open(self._redis)
            except REDIS_AWAY as error:
                logger.warning("Cannot connect to Redis to hear Celery's results, trying again: %s", error)
            else:
                began = time.monotonic()
                await self._serve(connection)
                if time.monotonic() - began > LAST_PAUSE:
                    backoff.reset()
            await asyncio.sleep(backoff.next())

    def close(self) -> None:
        """Nothing is asked of it any more."""
        if self._sweep is not None:
            self._sweep.cancel()
            self._sweep = None

    async def _serve(self, connection: HearingConnection) -> None:
        self._connection = connection
        try:
            for task in list(self._tasks.values()):
                task.hear(connection)
            await connection.until_lost(PING_INTERVAL)
            logger.warning("Lost the connection on which Celery's results are heard, connecting again")
        finally:
            self._connection = None
            self._journals.server_changed()
            connection.close()
            for task in self._tasks.values():
                task.lost()

    def _published(self, channel: bytes, payload: bytes) -> None:
        task = self._channels.get(channel)
        if task is not None:
            task.published(payload)

    # Tasks come and go.

    def _task(self, task_id: str) -> HeardTask:
        task = self._tasks.get(task_id)
        if task is None:
            task = HeardTask(task_id, task_keys(task_id, self._prefix), self._journals)
            self._tasks[task_id] = self._channels[task.channel.encode()] = task
            if self._connection is not None:
                task.hear(self._connection)
        return task

    def _linger(self, task: HeardTask) -> None:
        loop = asyncio.get_running_loop()
        self._lingering.keep(task.task_id, loop.time())
        self._let_go()
        if self._sweep is None:
            self._sweep = loop.call_later(LINGER, self._sweep_now)

    def _sweep_now(self) -> None:
        self._sweep = None
        self._let_go()
        if len(self._lingering):
            self._sweep = asyncio.get_running_loop().call_later(LINGER, self._sweep_now)

    def _let_go(self) -> None:
        for task_id in self._lingering.take_over(asyncio.get_running_loop().time()):
            task = self._tasks.pop(task_id)
            del self._channels[task.channel.encode()]
            task.leave()
