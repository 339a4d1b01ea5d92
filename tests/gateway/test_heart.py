"""The one timer for all heartbeats: everybody has a turn, and nobody waits for all of them."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

from taskbeam.gateway.delivery.heartbeat import AT_ONCE, Heart

if TYPE_CHECKING:
    from collections.abc import Callable


class Connection:
    def __init__(self, beaten: Callable[[Connection], None]) -> None:
        self._beaten = beaten

    def beat(self) -> None:
        self._beaten(self)


def run(heart: Heart, until: Callable[[], bool]) -> None:
    """Let the heart beat until something holds."""

    async def beating() -> None:
        work = asyncio.create_task(heart.run())

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
    heart = Heart(0.01)
    for connection in connections:
        heart.add(connection)
    run(heart, lambda: len(beaten) >= 2 * len(connections))
    first, second = beaten[: len(connections)], beaten[len(connections) :][: len(connections)]
    assert len(set(first)) == len(set(second)) == len(connections)


def test_events_go_in_between() -> None:
    """What is ready while connections are beaten has its turn before all of them have had theirs."""
    order: list[str] = []

    def beaten(_: Connection) -> None:
        if not order:
            asyncio.get_running_loop().call_soon(order.append, "event")
        order.append("beat")

    heart = Heart(0.01)
    for _ in range(10 * AT_ONCE):
        heart.add(Connection(beaten))
    run(heart, lambda: len(order) > 10 * AT_ONCE)
    assert order.index("event") == AT_ONCE


def test_one_that_fails_keeps_no_other_from_its_turn() -> None:
    def fail(_: Connection) -> None:
        raise RuntimeError

    beaten: list[Connection] = []
    heart = Heart(0.01)
    for each in (fail, beaten.append, fail, beaten.append):
        heart.add(Connection(each))
    run(heart, lambda: len(beaten) >= 2)
    assert len(set(beaten)) == 2


def test_one_that_left_is_let_alone() -> None:
    beaten: list[Connection] = []
    gone, here = Connection(beaten.append), Connection(beaten.append)
    heart = Heart(0.01)
    slot = heart.add(gone)
    heart.add(here)
    heart.remove(gone, slot)
    run(heart, lambda: len(beaten) >= 2)
    assert set(beaten) == {here}
