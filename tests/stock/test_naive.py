"""Two hearers of the same tasks lose nothing and double nothing. Simpler ways to hear do."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from redis.asyncio import Redis

from taskbeam.journal.keys import CELERY_PREFIX, task_keys
from taskbeam.journal.limits import Limits
from taskbeam.journal.pipelined_connection import PipelinedConnection
from taskbeam.journal.scripts import HEAR, Script
from taskbeam.stock import heard_journals
from taskbeam.stock.hearing import HearingConnection
from taskbeam.stock.watcher import StockWatcher
from tests.support.ending import end

from .conftest import heard_on_one_server

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from stack.valkey import Valkey

pytestmark = heard_on_one_server

TASKS, UPDATES = 30, 30
SEED = 20_26
TIMEOUT = 60.0

#: Seconds.
DELAY = 0.02


def by_content_alone(monkeypatch: pytest.MonkeyPatch, _: PipelinedConnection) -> None:
    """What was heard lately is known by its content, and not by its place."""
    text = HEAR.text.decode()
    naive = text.replace(
        "if each[1] > entry.after then", "if each[1] > entry.after or each[2] == entry.mark then"
    )
    assert naive != text
    monkeypatch.setattr(heard_journals, "HEAR", Script(naive.encode(), "0" * 40))


def on_another_connection(monkeypatch: pytest.MonkeyPatch, exchange: PipelinedConnection) -> None:
    """What is stored is asked over a connection of its own, which may be slower than the subscribed one."""

    def run(_: HearingConnection, script: Script, keys: tuple[str, ...], then: Any, *args: Any) -> None:
        def late(reply: Any) -> None:
            asyncio.get_running_loop().call_later(DELAY, then, reply)

        exchange.ask(late, "EVAL", script.text, len(keys), *keys, *args)

    monkeypatch.setattr(HearingConnection, "run", run)


Naive = Callable[[pytest.MonkeyPatch, PipelinedConnection], None]


def test_two_hearers_lose_and_double_nothing(valkey: Valkey) -> None:
    assert asyncio.run(wrongly_heard(valkey, "right", lambda _: None)) == []


@pytest.mark.parametrize("naive", [by_content_alone, on_another_connection])
def test_a_naive_way_does(valkey: Valkey, monkeypatch: pytest.MonkeyPatch, naive: Naive) -> None:
    assert asyncio.run(wrongly_heard(valkey, naive.__name__, partial(naive, monkeypatch)))


async def wrongly_heard(
    valkey: Valkey, name: str, break_it: Callable[[PipelinedConnection], None]
) -> list[str]:
    """Those of many tasks, heard by two from different moments on, whose journal is not as published."""
    chance = random.Random(SEED)
    async with Redis.from_url(valkey.url(1), protocol=2) as redis, hearers(redis, break_it) as pair:
        tasks = [f"{name}-{number}" for number in range(TASKS)]
        joins = {task: [(chance.randrange(UPDATES // 2), each) for each in pair] for task in tasks}
        for update in range(UPDATES):
            for task in tasks:
                await publish(redis, task, update, joins[task])
        deadline = asyncio.get_running_loop().time() + TIMEOUT
        while True:
            found = {task: await is_right(redis, task) for task in tasks}
            wrong = [task for task, right in found.items() if right is False]
            unended = [task for task, right in found.items() if right is None]
            if wrong or not unended:
                return wrong
            if asyncio.get_running_loop().time() > deadline:
                return unended
            await asyncio.sleep(0.01)


async def publish(redis: Redis, task: str, update: int, joins: list[tuple[int, StockWatcher]]) -> None:
    """As Celery does; whoever joins now does so while it is under way."""
    key = task_keys(task).result
    final = update == UPDATES - 1
    # The same few contents again and again.
    meta = json.dumps({"status": "SUCCESS" if final else "PROGRESS", "result": {"current": update % 3}})
    async with redis.pipeline(transaction=True) as pipeline:
        pipeline.set(key, meta, ex=1000)
        pipeline.publish(key, meta)
        published = asyncio.ensure_future(pipeline.execute())
        for at, hearer in joins:
            if at == update:
                hearer.follow(task)
        await published


async def is_right(redis: Redis, task: str) -> bool | None:
    """None: it has no end yet. A naive way may lose just that, and it never comes."""
    keys = task_keys(task)
    if await redis.hget(keys.head, "final") != b"1":
        return None
    log: Any = await redis.lrange(keys.log, 0, -1)
    records = [json.loads(each.split(b" ", 2)[2]) for each in log]
    heard = [(each.get("progress") or each.get("result") or {}).get("current") for each in records]
    # It begins where the first of them was placed; from there on it is whole.
    expected = [update % 3 for update in range(UPDATES)]
    return heard == expected[-len(heard) :]


@asynccontextmanager
async def hearers(
    redis: Redis, break_it: Callable[[PipelinedConnection], None]
) -> AsyncIterator[list[StockWatcher]]:
    exchanges = [PipelinedConnection(redis) for _ in range(2)]
    break_it(exchanges[0])
    pair = [StockWatcher(redis, exchange, CELERY_PREFIX, Limits()) for exchange in exchanges]
    running = [asyncio.create_task(each.run()) for each in pair]
    try:
        for each in pair:
            await each.settled("nobody", TIMEOUT)
        yield pair
    finally:
        for run in running:
            await end(run)
        for exchange in exchanges:
            await exchange.aclose()
        await asyncio.sleep(0.1)  # asyncio tells of the loss, and closes sockets, in its next turns
