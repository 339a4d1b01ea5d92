"""A cancellation that is swallowed, by Python or by redis-py, holds nothing up."""

from __future__ import annotations

import ast
import asyncio
import random
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import uvloop
from redis.asyncio import Redis

from stack.valkey import Valkey
from taskbeam.background import cancellation
from taskbeam.background.cancellation import GIVE_UP
from taskbeam.background.tasks import BackgroundTasks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).resolve().parents[2]

#: Tasks that are cancelled while they speak with Redis.
TASKS = 60


@pytest.fixture(scope="module")
def valkey() -> Iterator[Valkey]:
    with Valkey() as server:
        yield server


class Sweeps:
    """Asks Redis as the watchdog does, again and again, and counts what it hears of its cancellation."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self.swallowed = False

    async def run(self) -> None:
        task = asyncio.current_task()
        assert task is not None
        while True:
            pipeline = self._redis.pipeline(transaction=False)
            pipeline.time()
            pipeline.zrange("taskbeam:workers", 0, -1)
            await pipeline.execute()
            self.swallowed = self.swallowed or task.cancelling() > 0


@pytest.mark.parametrize("run", [asyncio.run, uvloop.run])
def test_background_work_ends_though_redis_py_swallows_its_cancellation(
    valkey: Valkey,
    run: Callable[..., int],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(cancellation, "CANCEL_AGAIN", 0.02)
    swallowed = run(_cancel_many(valkey.url(0)))
    if sys.version_info < (3, 12):
        assert swallowed > 0, "nothing is swallowed any more: this test shows nothing"
    else:
        assert swallowed == 0
    assert "did not end" not in caplog.text


async def _cancel_many(url: str) -> int:
    swallowed = 0
    async with Redis.from_url(url, socket_timeout=60, protocol=2) as redis:
        await redis.ping()
        for _ in range(TASKS):
            background, sweeps = BackgroundTasks(), Sweeps(redis)
            background.keep("watchdog", sweeps.run)
            await asyncio.sleep(random.uniform(0.0005, 0.002))
            began = time.monotonic()
            await background.stop()
            assert time.monotonic() - began < GIVE_UP
            swallowed += sweeps.swallowed
    return swallowed


def test_we_bound_no_wait_by_what_swallows_a_cancellation() -> None:
    """On Python 3.11 `asyncio.wait_for` does; `asyncio.timeout` does not."""
    found = [
        path.relative_to(ROOT).as_posix()
        for package in ("taskbeam", "app")
        for path in (ROOT / package).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "asyncio.wait_for"
    ]
    assert found == []
