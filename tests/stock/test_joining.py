"""A gateway that joins while another appends finds its place, and has what the other leaves undone."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

from redis.asyncio import Redis

from taskbeam.journal.keys import CELERY_PREFIX, task_keys
from taskbeam.journal.limits import Limits
from taskbeam.journal.pipelined_connection import PipelinedConnection
from taskbeam.stock import placing
from taskbeam.stock.watcher import StockWatcher
from tests.support.ending import end

from .conftest import heard_on_one_server

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    import pytest

    from stack.valkey import Valkey

pytestmark = heard_on_one_server

TASK = "joined"
KEYS = task_keys(TASK)
TIMEOUT = 60.0


class SlowConnection(PipelinedConnection):
    """Asks when it is let, one after the other."""

    def __init__(self, redis: Redis) -> None:
        super().__init__(redis)
        self.allowed = 0
        self._held: list[tuple[Any, ...]] = []

    def ask(self, then: Callable[[Any], None], *command: Any) -> None:
        self._held.append((then, *command))
        self._let()

    def allow(self, more: int) -> None:
        self.allowed += more
        self._let()

    def _let(self) -> None:
        while self._held and self.allowed:
            self.allowed -= 1
            super().ask(*self._held.pop(0))


def test_no_gap_is_left_by_one_of_two_that_is_killed_while_it_is_behind(
    valkey: Valkey, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(placing, "STILL_BEHIND", 10**6)
    assert asyncio.run(told_of_six_updates(valkey)) == [1, 2, 3, 4, 5, 6]


async def told_of_six_updates(valkey: Valkey) -> list[Any]:
    async with asyncio.timeout(TIMEOUT), Redis.from_url(valkey.url(1), protocol=2) as redis:
        slow, fast = SlowConnection(redis), PipelinedConnection(redis)
        first = StockWatcher(redis, slow, CELERY_PREFIX, Limits())
        second = StockWatcher(redis, fast, CELERY_PREFIX, Limits())
        runs = [asyncio.create_task(each.run()) for each in (first, second)]
        try:
            slow.allow(2)  # the script may have to be loaded
            await publish(redis, 1)
            await first.settled(TASK, TIMEOUT)
            slow.allowed = 0
            for current in (2, 3):
                await publish(redis, current)
            await second.settled("nobody", TIMEOUT)
            second.follow(TASK)
            await second.settled("behind the subscription", TIMEOUT)
            await publish(redis, 4)
            await second.settled("behind the fourth", TIMEOUT)
            slow.allow(2)
            await until(lambda: length_is(redis, 3))
            await end(runs[0])
            await publish(redis, 5)
            await publish(redis, 6)
            await until(lambda: length_is(redis, 6))
        finally:
            for run in runs:
                await end(run)
            for exchange in (slow, fast):
                await exchange.aclose()
            await asyncio.sleep(0.1)  # asyncio tells of the loss, and closes sockets, in its next turns
        log: Any = await redis.lrange(KEYS.log, 0, -1)
        events = [json.loads(each.split(b" ", 2)[2]) for each in log]
        return [event["progress"]["current"] if "progress" in event else event["type"] for event in events]


async def publish(redis: Redis, current: int) -> None:
    """As Celery does."""
    meta = json.dumps({"status": "PROGRESS", "result": {"current": current}})
    async with redis.pipeline(transaction=True) as pipeline:
        pipeline.set(KEYS.result, meta, ex=1000)
        pipeline.publish(KEYS.result, meta)
        await pipeline.execute()


async def length_is(redis: Redis, count: int) -> bool:
    answer: Any = await redis.llen(KEYS.log)
    return int(answer) >= count


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    while not await condition():  # noqa: ASYNC110 # nothing here could tell of it
        await asyncio.sleep(0.01)
