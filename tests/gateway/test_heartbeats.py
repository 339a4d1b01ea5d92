"""The one timer for all heartbeats: everybody has a turn, and nobody waits for all of them."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

from taskbeam.gateway.delivery.heartbeat import AT_ONCE, Heartbeats

if TYPE_CHECKING:
    from collections.abc import Callable


class Connection:
    number = 7

    def __init__(self, beaten: Callable[[Connection], None]) -> None:
        self._beaten = beaten

    def ping(self) -> None:
        self._beaten(self)


def run(heartbeats: Heartbeats, until: Callable[[], bool]) -> None:
    """Let the heartbeats beat until something holds."""

    async def beating() -> None:
        work = asyncio.create_task(heartbeats.run())

        def look() -> None:
            if until():
                work.cancel()
            else:
                asyncio.get_running_loop().call_soon(look)

        look()
        with suppress(asyncio.CancelledError):
            await work

    asyncio.run(beating())


def test_each_connection_is_beaten_once_per_interval() -> None:
    beaten: list[Connection] = []
    connections = [Connection(beaten.append) for _ in range(3 * AT_ONCE + 1)]
    heartbeats = Heartbeats(0.01)
    for connection in connections:
        heartbeats.add(connection)
    run(heartbeats, lambda: len(beaten) >= 2 * len(connections))
    first, second = beaten[: len(connections)], beaten[len(connections) :][: len(connections)]
    assert len(set(first)) == len(set(second)) == len(connections)


def test_events_go_in_between() -> None:
    """What is ready while connections are beaten has its turn before all of them have had theirs."""
    order: list[str] = []

    def beaten(_: Connection) -> None:
        if not order:
            asyncio.get_running_loop().call_soon(order.append, "event")
        order.append("beat")

    heartbeats = Heartbeats(0.01)
    for _ in range(10 * AT_ONCE):
        heartbeats.add(Connection(beaten))
    run(heartbeats, lambda: len(order) > 10 * AT_ONCE)
    assert order.index("event") == AT_ONCE


def test_one_that_fails_keeps_no_other_from_its_turn() -> None:
    def fail(_: Connection) -> None:
        raise RuntimeError

    beaten: list[Connection] = []
    heartbeats = Heartbeats(0.01)
    for each in (fail, beaten.append, fail, beaten.append):
        heartbeats.add(Connection(each))
    run(heartbeats, lambda: len(beaten) >= 2)
    assert len(set(beaten)) == 2


def test_one_that_left_is_let_alone() -> None:
    beaten: list[Connection] = []
    gone, here = Connection(beaten.append), Connection(beaten.append)
    heartbeats = Heartbeats(0.01)
    slot = heartbeats.add(gone)
    heartbeats.add(here)
    heartbeats.remove(gone, slot)
    run(heartbeats, lambda: len(beaten) >= 2)
    assert set(beaten) == {here}
