"""A broker that takes connections and never answers: every request is answered, and nothing stays behind."""

from __future__ import annotations

import asyncio
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import httpx
import psutil
import pytest
import redis
from celery import Celery
from celery.signals import before_task_publish

from stack.valkey import Valkey
from taskbeam.gateway import Gateway as Live
from taskbeam.gateway import GatewaySettings, TaskbeamError
from taskbeam.gateway.jobs import sending as sending_module
from taskbeam.gateway.jobs.broker import AT_ONCE
from taskbeam.gateway.jobs.revoking import Revoker
from tests.support import nobody
from tests.support.closing import close_app
from tests.support.gateway import Gateway, gateway
from tests.support.results import control, results_at
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.journal import Journals

#: Seconds. A broker that is well answers within them, on a busy machine, too.
TIMEOUT = 3.0

#: Seconds that an answer may take beyond the timeout, on a busy machine.
SLACK = 40.0

#: More than there are threads for it, and than the default pool has.
MANY = AT_ONCE * 3


@pytest.fixture(scope="module")
def broker() -> Iterator[Valkey]:
    """The broker alone; the journals are on another server, which is well."""
    with Valkey() as server:
        yield server


@pytest.fixture(scope="module")
def served(broker: Valkey, valkey: Valkey) -> Iterator[Gateway]:
    with gateway(valkey.url().removesuffix("/0"), broker_url=broker.url(0), redis_timeout=TIMEOUT) as running:
        yield running


@contextmanager
def silence(broker: Valkey) -> Iterator[None]:
    broker.pause()
    try:
        yield
    finally:
        broker.resume()


def post(served: Gateway, key: str | None = None) -> httpx.Response:
    headers = {"Idempotency-Key": key} if key is not None else {}
    began = time.monotonic()
    answer = httpx.post(f"{served.http}/reports", json={"user_id": 1}, headers=headers, timeout=60)
    assert time.monotonic() - began < TIMEOUT + SLACK
    return answer


def heads(journals: Journals) -> list[str]:
    return [head.decode() for head in journals.redis.scan_iter("*:head", count=1000)]


def pending(journals: Journals) -> list[str]:
    """The heads of tasks that a client would be told are waiting."""
    return [head for head in heads(journals) if journals.redis.hget(head, "state") == b"PENDING"]


def taken(journals: Journals) -> int:
    """Places in the queue that were ever taken."""
    sent: Any = journals.redis.hget(control().queue("reports").tickets, "sent")
    return int(sent)


def withdrawn(journals: Journals) -> int:
    """Those that were given back."""
    number: Any = journals.redis.zcard(control().queue("reports").withdrawn)
    return int(number)


def test_each_task_is_refused_in_time_and_sent_afterwards_by_the_same_key(
    served: Gateway, broker: Valkey, journals: Journals
) -> None:
    sent = post(served)  # the connection is there by now, and goes silent
    assert sent.status_code == 202
    before, sent_before = len(pending(journals)), taken(journals) - withdrawn(journals)
    with silence(broker), ThreadPoolExecutor(MANY) as pool:
        for answer in pool.map(lambda number: post(served, f"key-{number}"), range(MANY)):
            assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
        assert psutil.Process(served.process.pid).num_threads() < 2 * AT_ONCE + 8
    # Whatever had begun to be sent when its sender was answered is withdrawn by the thread that sends it.
    wait_until(lambda: len(pending(journals)) == before)
    wait_until(lambda: taken(journals) - withdrawn(journals) == sent_before)
    assert withdrawn(journals) > 0
    again = post(served, "key-0")
    assert again.status_code == 202
    assert post(served, "key-0").json()["task_id"] == again.json()["task_id"]


def test_a_cancel_is_answered_in_time(served: Gateway, broker: Valkey, journals: Journals) -> None:
    waiting = post(served).json()["task_id"]
    running = journals.task()
    running.append(1)
    with silence(broker):
        for task_id, query, status in (
            (waiting, "", 202),
            (running.id, "", 202),
            (running.id, "?terminate=true", 503),
        ):
            began = time.monotonic()
            answer = httpx.post(f"{served.http}/tasks/{task_id}/cancel{query}", timeout=60)
            assert time.monotonic() - began < TIMEOUT + SLACK
            assert answer.status_code == status, answer.text
    assert httpx.get(f"{served.http}/tasks/{waiting}").json()["state"] == "REVOKED"


def test_the_gateway_ends_though_the_broker_hangs(broker: Valkey, valkey: Valkey) -> None:
    origin = valkey.url().removesuffix("/0")
    with gateway(origin, broker_url=broker.url(0), redis_timeout=120, shutdown_timeout=1) as own:
        post(own)
        with silence(broker), ThreadPoolExecutor() as pool:
            hanging = pool.submit(post_until_cut, own)
            wait_until(lambda: own.clients() > 0)
            own.process.send_signal(signal.SIGTERM)
            own.process.wait(60)
            hanging.result()


def post_until_cut(served: Gateway) -> int | None:
    try:
        return httpx.post(f"{served.http}/reports", json={"user_id": 1}, timeout=60).status_code
    except httpx.TransportError:
        return None


class Own:
    """A gateway in this process; ``url`` is its broker's."""

    def __init__(self, valkey: Valkey, url: str, timeout: float = TIMEOUT) -> None:
        app = Celery(broker=url, backend="taskbeam+" + results_at(valkey.url(1)), set_as_current=False)
        settings = GatewaySettings(auth="open", redis_timeout=timeout)
        self.live = Live(app, settings=settings, watch_signals=False)

    async def __aenter__(self) -> Live:
        return self.live

    async def __aexit__(self, *_: object) -> None:
        await self.live.stop()
        close_app(self.live.celery_app)


def test_who_follows_a_task_that_was_not_sent_hears_its_end(
    broker: Valkey, valkey: Valkey, journals: Journals
) -> None:
    async def fail() -> None:
        async with Own(valkey, broker.url(0)) as live:
            await live.send("tests.task")  # it is connected by now
            with silence(broker), pytest.raises(TaskbeamError, match="cannot reach the broker"):
                await live.send("tests.task", title="silent")

    asyncio.run(fail())
    (head,) = [head for head in heads(journals) if journals.redis.hget(head, "title") == b"silent"]
    last: Any = journals.redis.lindex(head.removesuffix("head") + "log", -1)
    assert b'"code":"not_sent"' in last
    assert b'"state":"REVOKED"' in last


def test_nobody_hears_of_a_task_whose_broker_refuses(valkey: Valkey, journals: Journals) -> None:
    before = heads(journals)

    async def fail() -> None:
        async with Own(valkey, f"{nobody.REDIS}/0") as live:
            with pytest.raises(TaskbeamError, match="cannot reach the broker"):
                await live.send("tests.task")

    asyncio.run(fail())
    assert heads(journals) == before


def test_a_redis_that_is_silent_as_well_takes_no_time_of_its_own(
    valkey: Valkey, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The broker and the journals are mostly one server: its client would wait twice for one answer."""

    async def hang(*_: object) -> bool:
        await asyncio.sleep(3600)
        return False

    monkeypatch.setattr(Revoker, "revoke", hang)
    monkeypatch.setattr(sending_module, "WITHDRAWING", 0.05)

    async def fail() -> None:
        async with Own(valkey, f"{nobody.REDIS}/0") as live:
            with pytest.raises(TaskbeamError, match="cannot reach the broker"):
                await live.send("tests.task")

    asyncio.run(fail())
    assert "Cannot withdraw task" in caplog.text


def test_nothing_is_published_for_a_sender_that_has_gone(
    broker: Valkey, valkey: Valkey, journals: Journals
) -> None:
    """Its request was cancelled while the connection was made: nobody may run what nobody asked for."""
    before = len(heads(journals))

    async def leave() -> None:
        # It goes long before it would be answered that the broker is silent.
        async with Own(valkey, broker.url(0), timeout=60) as live:
            with silence(broker):
                sending = asyncio.create_task(live.send("tests.task", queue="for-nobody"))
                await asyncio.sleep(0.25)
                sending.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await sending
            await live.send("tests.task", queue="another")

    asyncio.run(leave())
    assert queued(broker, "for-nobody", "another") == [0, 1]
    assert len(heads(journals)) == before + 1


def test_a_sender_that_goes_in_the_last_moment_leaves_no_pending_task(
    broker: Valkey, valkey: Valkey, journals: Journals
) -> None:
    """The journal has begun, and the message is about to be published."""

    async def leave() -> None:
        async with Own(valkey, broker.url(0)) as live:
            loop = asyncio.get_running_loop()
            sending = loop.create_task(live.send("tests.task", queue="last-moment", title="too late"))

            def go(**_: object) -> None:
                loop.call_soon_threadsafe(sending.cancel)
                wait_until(sending.done)

            before_task_publish.connect(go)
            try:
                with pytest.raises(asyncio.CancelledError):
                    await sending
            finally:
                before_task_publish.disconnect(go)

    asyncio.run(leave())
    assert queued(broker, "last-moment") == [0]
    (head,) = [head for head in heads(journals) if journals.redis.hget(head, "title") == b"too late"]
    wait_until(lambda: journals.redis.hget(head, "state") == b"REVOKED")


def queued(broker: Valkey, *queues: str) -> list[int]:
    with redis.Redis.from_url(broker.url(0)) as client:
        lengths: Any = [client.llen(queue) for queue in queues]
        return list(lengths)
