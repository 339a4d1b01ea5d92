"""The watchdog by itself: many runs at once, and several watchdogs at once."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from taskbeam.follow.connections import appender_to
from taskbeam.journal.entry import Entry, Registration, new_token
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
    heads = {empty.redis.hget(key, "state") for key in empty.names("*:head")}
    assert heads == {b"LOST"}
    names = empty.control
    assert not empty.redis.exists(names.workers, names.runs(WORKER), names.stalled)


def test_watchdogs_need_not_know_of_each_other(empty: Stage) -> None:
    """Four look at the same time: each run is told once."""
    empty.redis.flushdb()
    asyncio.run(_lose(empty, 50, watchdogs=4))
    for key in empty.names("*:log"):
        assert empty.redis.llen(key) == len(["STARTED", "STALLED", "LOST"])


async def _lose(stage: Stage, runs: int, watchdogs: int = 1) -> tuple[float, Swept]:
    """Runs of a worker whose lease has run out, and one look at them: its seconds, and what it told."""
    kind = stage.results.kind_of_keys
    async with stage.connected() as (client, exchange):
        appender = appender_to(client, exchange)
        begun = [_begun(stage, str(uuid4())) for _ in range(runs)]
        await appender.append_all(begun)
        # On a cluster a worker does that by itself, and not with the event.
        rows: Any = {each.keys.result: each.registration.row for each in begun if each.registration}
        await client.hset(stage.control.runs(WORKER), mapping=rows)
        await client.zadd(stage.control.workers, {WORKER: 0})
        watching = [Watchdog(client, appender, stage.control, kind, 0, lease=0) for _ in range(watchdogs)]
        began = time.monotonic()
        swept = await asyncio.gather(*(each.sweep() for each in watching))
        return time.monotonic() - began, swept[0]


def _begun(stage: Stage, task_id: str) -> Entry:
    run = new_token()
    return Entry(
        keys=stage.keys(task_id),
        task_id=task_id,
        type="state",
        state="STARTED",
        run=run,
        limits=Limits(expires=3600),
        registration=Registration(runs_key=stage.control.runs(WORKER), row=Row(run, False, task_id).encode()),
    )
