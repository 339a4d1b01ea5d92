"""A pause is kept as long as its worker may live: one that is cut off for a moment comes back paused."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from stack.valkey import Valkey
from taskbeam.gateway.dashboard.pauses import Pauses
from taskbeam.presence.lease import known_as
from tests.support.results import connected_to, control, emptied

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    Scene = Callable[[Pauses, "Leases"], Awaitable[None]]

QUEUE = "reports"

#: Milliseconds since 1970 that no test lives to see, and ones that are over.
LATER, OVER = 10**15, 1


class Leases:
    """Those of workers, as they write them."""

    def __init__(self, client: Any) -> None:
        self._redis = client

    async def holds(self, lease: str, worker: str, until: int = LATER) -> None:
        await self._redis.zadd(control().workers, {lease: until})
        await self._redis.hset(control().leases, known_as(lease), f"1 {worker}")

    async def gives_up(self, lease: str, *, runs: bool) -> None:
        if runs:  # the watchdog still has to tell what became of them
            await self._redis.zadd(control().workers, {lease: 0})
        else:
            await self._redis.zrem(control().workers, lease)
        await self._redis.hdel(control().leases, known_as(lease))


@pytest.fixture(scope="module")
def valkey() -> Iterator[Valkey]:
    with Valkey() as server:
        yield server


@pytest.fixture
def play(valkey: Valkey) -> Callable[[Scene], None]:
    def playing(scene: Scene) -> None:
        async def plays() -> None:
            async with connected_to(valkey.url()) as client:
                await scene(Pauses(client, control()), Leases(client))

        with emptied(valkey.url()):
            asyncio.run(plays())

    return playing


def test_whoever_may_live_is_told_from_who_is_gone(play: Callable[[Scene], None]) -> None:
    async def scene(pauses: Pauses, leases: Leases) -> None:
        names = ("lives", "cut-off", "stopped", "stopped-running", "again")
        for name in names:
            await leases.holds(f"{name}-1", name)
        await pauses.note(QUEUE, [*names, "leaseless"])
        await leases.holds("cut-off-1", "cut-off", OVER)
        await leases.gives_up("stopped-1", runs=False)
        await leases.gives_up("stopped-running-1", runs=True)
        await leases.holds("again-1", "again", OVER)
        await leases.holds("again-2", "again")
        assert await pauses.of(QUEUE) == {
            "lives": True,
            "cut-off": True,
            "leaseless": True,
            "stopped": False,
            "stopped-running": False,
            "again": False,
        }

    play(scene)


def test_each_worker_without_a_lease_counts(play: Callable[[Scene], None]) -> None:
    async def scene(pauses: Pauses, leases: Leases) -> None:
        await leases.holds("lives-1", "lives")
        await pauses.note(QUEUE, ["lives", "one", "two"])
        assert await pauses.counts([QUEUE, "other"]) == {QUEUE: 3}
        await leases.gives_up("lives-1", runs=False)
        assert await pauses.counts([QUEUE]) == {QUEUE: 2}

    play(scene)
