"""Keeps the history: writes what is owed to it, and drops what is too old. One gateway at a time does it.

It is beside everything else: while the database is away, what is owed waits in Redis, and nothing else waits.
"""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING, Any

from redis.exceptions import RedisError

from taskbeam.background.backoff import Backoff
from taskbeam.gateway.dashboard.lease import Lease
from taskbeam.gateway.dashboard.older import HistoryAwayError
from taskbeam.gateway.history.kept import columns_of, kept_meta
from taskbeam.gateway.history.store import DROPPED
from taskbeam.journal.away import REDIS_AWAY

if TYPE_CHECKING:
    from collections.abc import Sequence

    from redis.asyncio import Redis

    from taskbeam.gateway.history.history import History
    from taskbeam.gateway.history.owed import Debt, Owed
    from taskbeam.journal.control_keys import ControlKeys
    from taskbeam.journal.keys import JournalNames

logger = logging.getLogger(__name__)

#: Milliseconds for which one gateway keeps the history from each look on: longer than a batch may take.
LEASE_MS = 60_000

#: Seconds between two looks, and between two at what is too old.
PAUSE, DROPPING = 1.0, 600.0

#: Rows of one batch, and bytes of each stored result that are read: of a longer one nothing is kept.
BATCH, MOST_META = 200, 64 * 1024

#: Seconds between two tries while the database is away: a random part of a limit that doubles.
FIRST_TRY, LAST_TRY = 1.0, 30.0


def lease_of(redis: Redis, control: ControlKeys) -> Lease:
    """Who has it keeps the history."""
    return Lease(redis, control.dashboard_history, LEASE_MS)


class HistoryKeeper:
    """Of one gateway."""

    def __init__(
        self,
        history: History,
        owed: Owed,
        lease: Lease,
        reads: Any,
        names: JournalNames,
        *,
        room: int,
        seconds: float,
        hidden: Sequence[str],
    ) -> None:
        """``reads``: a client that reads journals, as `JournalRows` does; ``names``: of the tasks.

        Args:
            room: how many rows may be owed.
            seconds: how long after it was sent a task is kept.
            hidden: what is not kept, see `GatewaySettings.dashboard_hidden`.
        """
        self._history = history
        self._owed = owed
        self._lease = lease
        self._reads = reads
        self._names = names
        self._room = room
        self._seconds = seconds
        self._hidden = hidden
        self._drops = 0.0

    async def run(self) -> None:
        """Keep it, or stand by, until cancelled."""
        try:
            await self._keep_in_turns()
        finally:
            await self._lease.leave()

    async def _keep_in_turns(self) -> None:
        backoff = Backoff(FIRST_TRY, LAST_TRY)
        while True:
            pause = PAUSE
            try:
                if await self._lease.take():
                    await self.keep()
                backoff.reset()
            except REDIS_AWAY as error:
                logger.warning("Cannot read the history's queue from Redis, trying again: %s", error)
            except HistoryAwayError as error:
                pause = backoff.next()
                await self._away(error)
            await asyncio.sleep(pause)

    async def keep(self) -> None:
        """Write all that is owed, and drop some of what is too old. Raises `HistoryAwayError`."""
        while (debt := await self._owed.next(BATCH)) is not None:
            await self._write(debt)
            await self._owed.paid(debt)
            if not await self._lease.take():
                return
        now = asyncio.get_running_loop().time()
        if now >= self._drops:
            full = await self._history.drop(time.time() - self._seconds) == DROPPED
            self._drops = now if full else now + DROPPING

    async def _write(self, debt: Debt) -> None:
        metas = await self._metas([row["id"] for row in debt.rows])
        # A task may be owed more than once: a statement takes each of its lives once.
        columns = [columns_of(row, meta) for row, meta in zip(debt.rows, metas, strict=True)]
        newest = {(each["id"], each["epoch"]): each for each in columns}
        await self._history.write(list(newest.values()))

    async def _metas(self, ids: Sequence[str]) -> list[str | None]:
        pipeline = self._reads.pipeline(transaction=False)
        for task_id in ids:
            pipeline.getrange(self._names.task(task_id).result, 0, MOST_META - 1)
        stored = await pipeline.execute(raise_on_error=False)
        return [
            None if isinstance(each, RedisError) or len(each) == MOST_META else kept_meta(each, self._hidden)
            for each in stored
        ]

    async def _away(self, error: HistoryAwayError) -> None:
        """Say how much waits, and whether any is lost. Another gateway may reach the database."""
        try:
            await self._lease.release()
            count = await self._owed.count()
        except REDIS_AWAY:
            return
        lost = "; the oldest are dropped" if count >= self._room else ""
        logger.warning("%d tasks wait in Redis to be kept in the history%s: %s", count, lost, error)
