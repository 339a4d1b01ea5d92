"""One gateway in several event loops: a thread uses it by `asyncio.run`, beside the loop of the server."""

from __future__ import annotations

import asyncio
from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest

from taskbeam.gateway import CelerySettings, Gateway, GatewaySettings
from taskbeam.gateway.connections.celery_application import celery_application
from taskbeam.gateway.runtimes import Runtimes
from taskbeam.gateway.shutdown import Shutdown
from tests.support.results import results_at
from tests.support.waiting import DEADLINE, wait_until

if TYPE_CHECKING:
    from stack.valkey import Valkey
    from taskbeam.gateway.runtime import Runtime


class Part:
    """In place of a runtime."""

    def __init__(self) -> None:
        self.shutdown = Shutdown()
        self.stopped = 0

    async def stop(self) -> None:
        await asyncio.sleep(0)
        self.stopped += 1


@pytest.fixture
def runtimes() -> Runtimes:
    return Runtimes(lambda: cast("Runtime", Part()))


def part_here(runtimes: Runtimes) -> Part:
    return cast("Part", runtimes.here())


async def used(runtimes: Runtimes) -> Part:
    part = part_here(runtimes)
    await asyncio.sleep(0)
    return part


def test_one_ends_with_its_event_loop_and_the_others_go_on(runtimes: Runtimes) -> None:
    async def serve() -> None:
        own = part_here(runtimes)
        other = await asyncio.to_thread(asyncio.run, used(runtimes))
        assert (other.stopped, other.shutdown.begun) == (1, True)
        await asyncio.to_thread(asyncio.run, runtimes.stop())
        assert part_here(runtimes) is own
        assert (len(list(runtimes)), own.stopped) == (1, 0)
        await runtimes.stop()
        assert (len(list(runtimes)), own.stopped) == (0, 1)
        assert len(asyncio.all_tasks()) == 1

    asyncio.run(serve())


def test_one_that_stopped_is_made_anew(runtimes: Runtimes) -> None:
    async def serve() -> list[Part]:
        first = await used(runtimes)
        await runtimes.stop()
        return [first, await used(runtimes)]

    first, second = asyncio.run(serve())
    assert first is not second
    assert [first.stopped, second.stopped] == [1, 1]


def test_one_of_a_loop_that_was_closed_without_an_end_is_forgotten(runtimes: Runtimes) -> None:
    with closing(asyncio.new_event_loop()) as loop:
        loop.set_exception_handler(lambda *_: None)  # what is left of it says so when it is collected
        loop.run_until_complete(used(runtimes))
    assert len(list(runtimes)) == 1
    asyncio.run(used(runtimes))
    assert list(runtimes) == []


@pytest.fixture
def gateway(valkey: Valkey) -> Gateway:
    results = "taskbeam+" + results_at(valkey.url(1))
    celery_app = celery_application(CelerySettings(broker_url=valkey.url(0), result_backend=results))
    return Gateway(celery_app, settings=GatewaySettings(auth="open"), watch_signals=False)


def test_calls_leave_no_connection(gateway: Gateway) -> None:
    def call() -> None:
        task = asyncio.run(gateway.send("jobs.add", [1, 2]))
        assert not asyncio.run(gateway.snapshot(task.id)).ended
        asyncio.run(gateway.revoke(owners=["ada"]))
        assert gateway.running is None

    call()  # Kombu keeps the one to the broker
    sockets = open_sockets()
    for _ in range(3):
        call()
    wait_until(lambda: open_sockets() <= sockets, lambda: "the threads that sent the tasks")


def test_the_servers_gateway_goes_on(gateway: Gateway) -> None:
    async def serve() -> None:
        runtime = await connected(gateway)
        await asyncio.to_thread(asyncio.run, gateway.send("jobs.add", [1, 2]))
        other = await asyncio.to_thread(asyncio.run, connected(gateway))
        assert other is not runtime
        assert not other.subscriber.connected
        assert gateway.running is gateway.start() is runtime
        assert runtime.subscriber.connected
        await gateway.stop()
        assert gateway.running is None

    asyncio.run(serve())


async def connected(gateway: Gateway) -> Runtime:
    runtime = gateway.start()
    async with asyncio.timeout(DEADLINE):
        while not runtime.subscriber.connected:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    return runtime


def open_sockets() -> int:
    """Of this process."""
    found = 0
    for opened in Path("/dev/fd").iterdir():
        with suppress(OSError):  # what listed them
            found += opened.is_socket()
    return found
