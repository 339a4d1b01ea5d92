"""The watchdog by itself: many runs at once, and several watchdogs at once."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING
from uuid import uuid4

from redis.asyncio import Redis

from taskbeam.journal.appender import JournalAppender
from taskbeam.journal.control_keys import ONE_SERVER
from taskbeam.journal.entry import Entry, Registration, new_token
from taskbeam.journal.keys import TaskKeys, task_keys
from taskbeam.journal.limits import Limits
from taskbeam.presence.row import Row
from taskbeam.presence.watchdog import Swept, Watchdog

if TYPE_CHECKING:
    from .stage import Stage

RUNS = 2000
WORKER = "gone:1:00000000"


def test_two_thousand_lost_runs_are_told_in_one_sweep(empty: Stage) -> None:
    seconds, swept = asyncio.run(_lose(empty, RUNS))
    print(f"{RUNS} runs told in {seconds:.2f} s")
    assert swept == Swept(stalled=RUNS, recovered=0, lost=RUNS)
    heads: set[bytes] = {
        empty.redis.hget(key, "state")  # type: ignore[misc]
        for key in empty.redis.scan_iter("*:head", count=1000)
    }
    assert heads == {b"LOST"}
    assert not empty.redis.exists(ONE_SERVER.workers, ONE_SERVER.runs(WORKER), "taskbeam:stalled")


def test_watchdogs_need_not_know_of_each_other(empty: Stage) -> None:
    """Four look at the same time: each run is told once."""
    empty.redis.flushdb()
    asyncio.run(_lose(empty, 50, watchdogs=4))
    for key in empty.redis.scan_iter("*:log"):
        assert empty.redis.llen(key) == len(["STARTED", "STALLED", "LOST"])


async def _lose(stage: Stage, runs: int, watchdogs: int = 1) -> tuple[float, Swept]:
    """Runs of a worker whose lease has run out, and one look at them: its seconds, and what it told."""
    async with Redis.from_url(stage.valkey.url(1)) as client:
        await JournalAppender(client).append_all([_begun(str(uuid4())) for _ in range(runs)])
        await client.zadd(ONE_SERVER.workers, {WORKER: 0})
        began = time.monotonic()
        looks = [Watchdog(client, ONE_SERVER, TaskKeys, 0, lease=0).sweep() for _ in range(watchdogs)]
        swept = await asyncio.gather(*looks)
        return time.monotonic() - began, swept[0]


def _begun(task_id: str) -> Entry:
    run = new_token()
    return Entry(
        keys=task_keys(task_id),
        task_id=task_id,
        type="state",
        state="STARTED",
        run=run,
        limits=Limits(expires=3600),
        registration=Registration(runs_key=ONE_SERVER.runs(WORKER), row=Row(run, False, task_id).encode()),
    )
