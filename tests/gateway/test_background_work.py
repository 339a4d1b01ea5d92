"""The gateway's background work: each part of it is ended in turn, and goes on by itself."""

from __future__ import annotations

import asyncio
import logging
from functools import partial
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import uvloop
from pydantic import SecretStr
from redis.exceptions import ConnectionError as RedisConnectionError

from taskbeam.background.tasks import BackgroundTasks
from taskbeam.gateway import CelerySettings, Gateway, GatewaySettings
from taskbeam.gateway.connections.celery_application import celery_application
from taskbeam.journal.resp_connection import connect
from tests.support.results import results_at
from tests.support.tokens import KEYS
from tests.support.waiting import DEADLINE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine

    from stack.valkey import Valkey

    Work = Callable[[], Coroutine[Any, Any, None]]

INJECTED = "injected"


@pytest.fixture(params=[asyncio.new_event_loop, uvloop.new_event_loop])
def runner(request: pytest.FixtureRequest) -> asyncio.Runner:
    return asyncio.Runner(loop_factory=request.param)


class Killer:
    """Makes background work raise a foreign exception, wherever it is."""

    def __init__(self) -> None:
        self.tasks: dict[str, asyncio.Task[Any]] = {}
        self._doomed: set[str] = set()

    async def run(self, name: str, work: Work) -> None:
        """The work, until it is killed."""
        task = asyncio.current_task()
        assert task is not None
        self.tasks[name] = task
        try:
            await work()
        except asyncio.CancelledError:
            if name not in self._doomed:
                raise
            self._doomed.discard(name)
            task.uncancel()
            raise RuntimeError(INJECTED) from None

    async def kill(self, name: str) -> None:
        """Returns when the work has ended; a library on the way may swallow a cancellation."""
        self._doomed.add(name)
        async with asyncio.timeout(DEADLINE):
            while name in self._doomed:
                self.tasks[name].cancel()
                await asyncio.wait([self.tasks[name]], timeout=0.05)


@pytest.fixture
def killer(monkeypatch: pytest.MonkeyPatch) -> Killer:
    killer = Killer()
    keep = BackgroundTasks.keep

    def keep_killable(self: BackgroundTasks, name: str, work: Work, **how: bool) -> None:
        keep(self, name, partial(killer.run, name, work), **how)

    monkeypatch.setattr(BackgroundTasks, "keep", keep_killable)
    return killer


async def client_of(gateway: Gateway) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(gateway.asgi())
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        yield client


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(DEADLINE):
        while not holds():  # noqa: ASYNC110 # of anything
            await asyncio.sleep(0.01)


def test_each_part_that_dies_is_named_in_the_log_and_by_readyz_and_goes_on(
    valkey: Valkey,
    runner: asyncio.Runner,
    killer: Killer,
    caplog: pytest.LogCaptureFixture,
) -> None:
    celery_app = celery_application(
        CelerySettings(broker_url=valkey.url(0), result_backend="taskbeam+" + results_at(valkey.url(1)))
    )

    async def run() -> None:
        settings = GatewaySettings(token_keys=SecretStr(KEYS), dashboard=True, watchdog_interval=0.05)
        gateway = Gateway(celery_app, settings=settings, watch_signals=False)
        runtime = gateway.start()
        background = runtime.background
        await until(lambda: runtime.subscriber.connected and set(killer.tasks) == set(background.names))
        async for client in client_of(gateway):
            for name in background.names:
                await killer.kill(name)
                await until(lambda: name in [failing.name for failing in background.failing()])  # noqa: B023
                assert f"Background work {name} failed; it starts again in" in caplog.text
                answer = await client.get("/readyz")
                assert answer.status_code == 503
                assert name in answer.json()["detail"]
            assert set(background.restarts.values()) == {1}
            await until(lambda: runtime.subscriber.connected and not background.failing())
            assert (await client.get("/readyz")).status_code == 200
        await gateway.stop()

    with caplog.at_level(logging.ERROR), runner:
        runner.run(run())


def test_redis_that_resets_during_the_handshake_is_redis_that_is_away(
    valkey: Valkey, runner: asyncio.Runner
) -> None:
    """uvloop raises RuntimeError then. Whatever it is, it is an error after which one tries again."""
    celery_app = celery_application(
        CelerySettings(broker_url=valkey.url(0), result_backend="taskbeam+" + results_at(valkey.url(1)))
    )

    async def run() -> None:
        gateway = Gateway(celery_app, settings=GatewaySettings(auth="open"), watch_signals=False)
        redis = gateway.start().redis

        class Resetting(type(redis.connection_pool.make_connection())):  # type: ignore[misc]
            async def on_connect(self, *_: Any, **__: Any) -> None:
                raise RuntimeError("unable to perform operation; the handler is closed")

            on_connect_check_health = on_connect

        redis.connection_pool.connection_class = Resetting
        with pytest.raises(RedisConnectionError, match="the handler is closed"):
            await connect(redis, lambda _: None, lambda: None)
        await gateway.stop()

    with runner:
        runner.run(run())
