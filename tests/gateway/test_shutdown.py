"""Who is told when a gateway begins to stop, and in which order; no server."""

from __future__ import annotations

import asyncio
import signal
import sys
from contextlib import closing
from itertools import permutations
from typing import TYPE_CHECKING

import pytest

from taskbeam.gateway import shutdown as module
from taskbeam.gateway.shutdown import SIGNALS, Shutdown, SignalWatch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

    Handler = Callable[[int, FrameType | None], object]


@pytest.fixture
def told() -> list[str]:
    return []


@pytest.fixture
def shutdown(told: list[str]) -> Shutdown:
    """With two connections, and what is for none."""
    made = Shutdown()
    made.when_told(lambda: told.append("last"))
    for name in ("one", "two"):
        made.watch(lambda name=name: told.append(name))  # type: ignore[misc]
    made.when_begun(lambda: told.append("first"))
    return made


def test_all_are_told_at_once(shutdown: Shutdown, told: list[str]) -> None:
    shutdown.begin()
    assert (told[0], told[-1], sorted(told[1:-1])) == ("first", "last", ["one", "two"])
    assert shutdown.told.is_set()


def test_each_connection_is_told_at_its_moment(
    shutdown: Shutdown, told: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    moments = iter([0.06, 0.03])
    monkeypatch.setattr(module.random, "uniform", lambda *_: next(moments))  # type: ignore[attr-defined]

    async def drain() -> list[str]:
        shutdown.begin(0.09)
        at_once = list(told)
        await shutdown.told.wait()
        return at_once

    assert asyncio.run(drain()) == ["first"]
    assert told == ["first", "two", "one", "last"]


def test_whoever_comes_while_it_drains_is_told_at_once(shutdown: Shutdown, told: list[str]) -> None:
    async def come() -> None:
        shutdown.begin(3600.0)
        shutdown.watch(lambda: told.append("late"))
        shutdown.when_begun(lambda: told.append("late, for none"))

    asyncio.run(come())
    assert told == ["first", "late", "late, for none"]


def test_whoever_has_gone_is_not_told(told: list[str]) -> None:
    async def go() -> None:
        shutdown = Shutdown()
        with shutdown.watched_by(lambda: told.append("gone")):
            shutdown.begin(0.01)
        await shutdown.told.wait()

    asyncio.run(go())
    assert told == []


def test_all_that_are_left_are_told_when_there_is_no_more_time(shutdown: Shutdown, told: list[str]) -> None:
    async def hurry() -> None:
        shutdown.begin(3600.0)
        shutdown.begin()

    asyncio.run(hurry())
    assert sorted(told) == ["first", "last", "one", "two"]
    assert shutdown.told.is_set()


class Process:
    """This one, whose server handles `SIGNALS`, with watches of gateways before that."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._heard: list[str] = []
        self.server = self.handler_of("server")
        for number in SIGNALS:
            signal.signal(number, self.server)

    def handler_of(self, name: str, before: Handler | None = None) -> Handler:
        """One that calls the one before it, as servers' and ours do."""

        def handle(number: int, frame: FrameType | None) -> None:
            self._heard.append(name)
            if before is not None:
                before(number, frame)

        return handle

    def watch(self, name: str) -> SignalWatch:
        """One that has started."""
        watch = SignalWatch(self._loop, lambda: self._heard.append(name))
        watch.start()
        return watch

    def who_hears(self, number: signal.Signals) -> list[str]:
        """Who is told when the signal comes."""
        self._heard.clear()
        signal.raise_signal(number)
        self._loop.run_until_complete(asyncio.sleep(0))
        return sorted(self._heard)


@pytest.fixture
def process() -> Iterator[Process]:
    before = {number: signal.getsignal(number) for number in SIGNALS}
    with closing(asyncio.new_event_loop()) as loop:
        yield Process(loop)
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("order", list(permutations(range(3))), ids=str)
def test_gateways_of_one_process_stop_in_any_order(process: Process, order: tuple[int, ...]) -> None:
    watches = [process.watch(name) for name in "abc"]
    running = {*"abc"}
    for stopped in order:
        watches[stopped].stop()
        running.remove("abc"[stopped])
        for number in SIGNALS:
            assert process.who_hears(number) == [*sorted(running), "server"]
    assert {signal.getsignal(number) for number in SIGNALS} == {process.server}


def test_gateways_that_take_each_others_place_leave_nothing(process: Process) -> None:
    running = process.watch("first")
    for _ in range(sys.getrecursionlimit()):
        came = process.watch("last")
        running.stop()
        running = came
    assert process.who_hears(signal.SIGTERM) == ["last", "server"]
    running.stop()
    assert signal.getsignal(signal.SIGTERM) == process.server


def test_a_gateway_that_stopped_passes_signals_on_to_the_server(process: Process) -> None:
    """It cannot leave a handler of somebody else that calls its own."""
    watch = process.watch("stopped")
    before = signal.getsignal(signal.SIGTERM)
    assert callable(before)
    others = process.handler_of("others", before)
    signal.signal(signal.SIGTERM, others)
    again = process.watch("again")
    watch.stop()
    assert process.who_hears(signal.SIGTERM) == ["again", "others", "server"]
    again.stop()
    assert process.who_hears(signal.SIGTERM) == ["others", "server"]
    assert signal.getsignal(signal.SIGTERM) == others
