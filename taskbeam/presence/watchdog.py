"""The watchdog: finds the runs of workers whose lease ran out, and tells what became of them.

Every gateway has one; they need not know of each other, for each step is refused the second time.
A run is first STALLED, which any later event of it clears: a paused worker comes back, and a task
that is acknowledged late is delivered again. One that nobody delivers again is LOST after a grace.
An outage of Redis is nobody's death: see `Judgement`.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from taskbeam.background.log_fields import about
from taskbeam.background.logger import logger_for
from taskbeam.journal.away import REDIS_AWAY
from taskbeam.journal.dependents import end_dependents_async
from taskbeam.journal.entry import Appended, Entry, Verdict, new_token
from taskbeam.journal.events import LOST, STALLED
from taskbeam.journal.failures import WORKER_LOST, WORKER_SILENT, error_member
from taskbeam.presence.judgement import Judgement
from taskbeam.presence.leases import Leases
from taskbeam.presence.row import Row, Stalled

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
    from collections.abc import Set as AbstractSet

    from redis.asyncio import Redis

    from taskbeam.journal.appender import JournalAppender
    from taskbeam.journal.control_keys import ControlKeys
    from taskbeam.journal.entry import Condition
    from taskbeam.journal.failures import Failure
    from taskbeam.journal.keys import TaskKeys

logger = logger_for(__name__)

T = TypeVar("T")
R = TypeVar("R")

#: Rows that one sweep takes of a worker at a time.
BATCH = 500

#: Workers whose runs are told of at a time, or lost runs whose dependents are: each takes a connection.
AT_ONCE = 16

#: Seconds between two sweeps. With a lease of 10 s, a dead worker is told within 12 s.
DEFAULT_INTERVAL = 2.0

#: Seconds from STALLED to LOST.
DEFAULT_GRACE = 600.0


class Swept(NamedTuple):
    """How many runs a sweep told as stalled, as going on again, and as lost."""

    stalled: int
    recovered: int
    lost: int


class Watchdog:
    """Sweeps the leases. ``grace``: seconds from STALLED to LOST."""

    def __init__(
        self,
        redis: Redis,
        appender: JournalAppender,
        control: ControlKeys,
        kind_of_keys: type[TaskKeys],
        grace: float,
        *,
        lease: float,
        lost_result: Callable[[str], bytes] | None = None,
        judgement: Judgement | None = None,
        found: Counter[str] | None = None,
    ) -> None:
        """Nothing is connected.

        Args:
            redis: the server with what belongs to no task.
            appender: appends to journals, wherever they are.
            control: the names there of what belongs to no task.
            kind_of_keys: how the tasks are named and told.
            grace: seconds from STALLED to LOST.
            lease: seconds; how long the leases are of workers that do not say so.
            lost_result: makes what Celery's own result says of a lost task; None = nothing.
            judgement: what is known from earlier looks; None = nothing.
            found: where the runs are counted, by what became of them: the names of `Swept`.
        """
        self._redis: Any = redis  # redis-py's types leave open whether replies are decoded
        self._control = control
        self._kind_of_keys = kind_of_keys
        self._appender = appender
        self._grace = grace
        self._leases = Leases(redis, control, lease)
        self._judgement = judgement or Judgement()
        self._lost_result = lost_result
        self._found = Counter() if found is None else found

    async def run(self, interval: float) -> None:
        """Sweep every ``interval`` seconds until cancelled."""
        while True:
            await asyncio.sleep(interval)
            try:
                await self.sweep()
            except REDIS_AWAY as error:
                logger.warning("Cannot read the workers' leases from Redis, trying again: %s", error)

    async def sweep(self) -> Swept:
        """Look once; raises redis-py's errors."""
        try:
            swept = await self._sweep()
        except BaseException:
            self._judgement.failed()
            raise
        self._found.update(swept._asdict())
        return swept

    async def _sweep(self) -> Swept:
        clock = asyncio.get_running_loop().time
        began = clock()
        look = await self._leases.look()
        if self._judgement.looked(look.now, look.life, began, clock()):
            logger.info(
                "Workers may not have reached Redis: no lease is held against them until it is renewed"
            )
        stalled = 0
        if look.first is not None and look.first <= look.now:
            stalled = await self._tell_all_stalled(await self._gone(look.now), look.now)
        if not stalled and not look.watched:
            return Swept(0, 0, 0)  # as nearly always
        recovered, lost = await self._settle_stalled(look.now)
        return Swept(stalled, recovered, lost)

    async def _gone(self, now: int) -> list[str]:
        """The workers whose leases ran out, and may be held against them."""
        ends = await self._leases.ended(now)
        leases = await self._leases.lengths(list(ends))
        return [worker for worker, end in ends.items() if self._judgement.is_gone(end, leases[worker], now)]

    async def _tell_all_stalled(self, workers: Iterable[str], now: int) -> int:
        return sum(await _at_once(workers, partial(self._tell_stalled, now=now)))

    async def _tell_stalled(self, worker: str, now: int) -> int:
        told, key, due = 0, self._control.runs(worker), now + int(self._grace * 1000)
        left: set[str] = set()
        async for rows in self._rows(key, left):
            runs = [Stalled(worker, result_key, row) for result_key, row in rows.items()]
            entries = [self._entry(run, STALLED, only="running", failure=WORKER_SILENT) for run in runs]
            answered = await self._append_each(runs, entries)
            # Whoever is told first is watched; a sweep that is cut here finds the row again.
            pipeline = self._redis.pipeline(transaction=True)
            for run, appended in answered:
                if appended.verdict is not Verdict.REFUSED:
                    pipeline.zadd(self._control.stalled, {run.encode(): due})
                    told += 1
            done = {run.result_key for run, _ in answered}
            left |= rows.keys() - done
            if done:
                pipeline.hdel(key, *done)
                await pipeline.execute()
        if not left:  # else the next sweep finds the worker again, and them
            await self._leases.forget(worker)
        if told:
            logger.warning(
                "The lease of worker %s expired: reported STALLED for %d of its runs", worker, told
            )
        return told

    async def _rows(self, key: str, left: AbstractSet[str]) -> AsyncIterator[dict[str, Row]]:
        """All of them, some at a time, until there are none but those that are ``left``."""
        cursor, found = 0, False
        while True:
            cursor, kept = await self._redis.hscan(key, cursor, count=BATCH)
            rows = {result_key.decode(): Row.decode(row) for result_key, row in kept.items()}
            if rows := {result_key: row for result_key, row in rows.items() if result_key not in left}:
                found = True
                yield rows
            if cursor == 0:
                if not found:
                    return
                found = False

    async def _append_each(
        self, runs: Iterable[Stalled], entries: Sequence[Entry]
    ) -> list[tuple[Stalled, Appended]]:
        """The runs of which it could be told, with the answers. The others are for the next sweep."""
        answers = list(zip(runs, await self._appender.append_each(entries), strict=True))
        errors = [answer for _, answer in answers if isinstance(answer, Exception)]
        if errors:
            logger.warning("Cannot report the state of %d runs, trying again: %s", len(errors), errors[0])
        return [(run, answer) for run, answer in answers if isinstance(answer, Appended)]

    async def _settle_stalled(self, now: int) -> tuple[int, int]:
        members = await self._redis.zrange(self._control.stalled, 0, -1, withscores=True)
        runs = [(Stalled.decode(raw), raw, due) for raw, due in members]
        workers = sorted({run.worker for run, _, _ in runs})
        ends, leases = await self._leases.ends(workers), await self._leases.lengths(workers)
        back = [(run, raw) for run, raw, _ in runs if ends[run.worker] > now]
        due = [
            (run, raw)
            for run, raw, end in runs
            if ends[run.worker] <= now and self._judgement.is_gone(end, leases[run.worker], now)
        ]
        await self._tell_recovered(back)
        lost = [(run, raw) for run, raw in due if not run.row.redelivered]
        await self._tell_lost(lost)
        waiting = [raw for run, raw in due if run.row.redelivered]
        if waiting:
            # The broker delivers these again; the next run takes the same stream on.
            await self._redis.zrem(self._control.stalled, *waiting)
        return len(back), len(lost)

    async def _tell_recovered(self, runs: list[tuple[Stalled, bytes]]) -> None:
        """A worker came back; its runs go on as if nothing had been, and are watched again."""
        entries = [self._entry(run, "", only="stalled") for run, _ in runs]
        told = await self._append_each([run for run, _ in runs], entries)
        pipeline, raws = self._redis.pipeline(transaction=True), dict(runs)
        for run, appended in told:
            if appended.verdict is not Verdict.REFUSED:
                pipeline.hset(self._control.runs(run.worker), run.result_key, run.row.encode())
            pipeline.zrem(self._control.stalled, raws[run])
        if told:
            await pipeline.execute()

    async def _tell_lost(self, runs: list[tuple[Stalled, bytes]]) -> None:
        entries = [self._entry(run, LOST, only="stalled", final=True, failure=WORKER_LOST) for run, _ in runs]
        told = await self._append_each([run for run, _ in runs], entries)
        ended = await _at_once(told, self._end_dependents)
        raws = dict(runs)
        done = [raws[run] for (run, _), whole in zip(told, ended, strict=True) if whole]
        if done:
            await self._redis.zrem(self._control.stalled, *done)

    async def _end_dependents(self, told: tuple[Stalled, Appended]) -> bool:
        """End those that depend on the task; returns whether all are ended. Else the next sweep ends them."""
        run, appended = told
        keys = partial(self._kind_of_keys(run.result_key).of, run.row.task_id)
        try:
            await end_dependents_async(appended.dependents, keys, self._appender)
        except REDIS_AWAY as error:
            logger.warning(
                "Cannot end all tasks that depend on task %s, trying again: %s",
                run.row.task_id,
                error,
                extra=about(task_id=run.row.task_id),
            )
            return False
        return True

    def _entry(
        self,
        run: Stalled,
        state: str,
        *,
        only: Condition,
        final: bool = False,
        failure: Failure | None = None,
    ) -> Entry:
        meta = b""
        if final and self._lost_result is not None:
            meta = self._lost_result(run.row.task_id)
        return Entry(
            keys=self._kind_of_keys(run.result_key),
            task_id=run.row.task_id,
            type="state",
            members=error_member(failure, new_token()) if failure else {},
            state=state,
            run=run.row.run,
            only=only,
            final=final,
            meta=meta,
        )


async def _at_once(each: Iterable[T], do: Callable[[T], Awaitable[R]]) -> list[R]:
    """What it returns for each; raises the first error when all are done.

    A cluster's server that is away is waited for once, and not for each of them.
    """
    turns = asyncio.Semaphore(AT_ONCE)

    async def turn(one: T) -> R:
        async with turns:
            return await do(one)

    done = await asyncio.gather(*map(turn, each), return_exceptions=True)
    for answer in done:
        if isinstance(answer, BaseException):
            raise answer
    return [answer for answer in done if not isinstance(answer, BaseException)]
