"""Who has which slot, as a gateway finds out: from whoever answers, once for all who ask, without a rush."""

from __future__ import annotations

import asyncio
import socket
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from stack.ports import LOOPBACK, kept_port
from taskbeam.cluster import async_topology
from taskbeam.cluster.slot_map import SLOTS, Address, SlotMap, SlotRange
from tests.support.waiting import DEADLINE

from .connected import address, control_client, seeds

if TYPE_CHECKING:
    from collections.abc import Iterator

    from taskbeam.cluster.async_topology import AsyncTopology
    from tests.support.redis_cluster import Cluster


#: Servers that do not answer, and seconds that a look at them never takes.
SILENT = 30


@pytest.fixture
def nobody() -> Iterator[Address]:
    """Where nothing listens."""
    with kept_port() as port:
        yield Address(LOOPBACK, port)


def looks(cluster: Cluster) -> int:
    """How often the servers were asked for the map."""
    counts = [node.client.info("commandstats").get("cmdstat_cluster|slots") for node in cluster.nodes]
    return sum(count["calls"] for count in counts if count)


def truth(cluster: Cluster) -> list[Address]:
    places = (0, SLOTS // 2, SLOTS - 1)
    return [address(cluster.owner_of_slot(slot)) for slot in places]


async def known(topology: AsyncTopology) -> list[Address]:
    async with asyncio.timeout(DEADLINE):
        return [await topology.master(slot) for slot in (0, SLOTS // 2, SLOTS - 1)]


def test_one_server_tells_of_all(cluster: Cluster) -> None:
    async def scene() -> list[Address]:
        async with control_client(seeds(cluster)[-1:]) as client:
            return await known(client.topology)

    assert asyncio.run(scene()) == truth(cluster)


def test_all_who_ask_at_once_share_one_look(cluster: Cluster) -> None:
    async def scene() -> None:
        async with control_client(seeds(cluster)) as client:
            await asyncio.gather(*(client.topology.refresh() for _ in range(50)))

    before = looks(cluster)
    asyncio.run(scene())
    assert looks(cluster) == before + 1


def test_the_first_servers_are_asked_when_all_others_are_gone(cluster: Cluster, nobody: Address) -> None:
    async def scene() -> list[Address]:
        async with control_client(seeds(cluster)) as client:
            client.topology.slots = SlotMap([SlotRange(0, SLOTS - 1, nobody)])
            await client.topology.refresh()
            return await known(client.topology)

    assert asyncio.run(scene()) == truth(cluster)


def test_a_server_that_is_silent_is_not_waited_for(cluster: Cluster) -> None:
    async def scene(silent: Address) -> list[Address]:
        async with control_client([silent, *seeds(cluster)], limit=6.0) as client:
            return await known(client.topology)

    with socket.create_server((LOOPBACK, 0)) as server:
        assert asyncio.run(scene(Address(LOOPBACK, server.getsockname()[1]))) == truth(cluster)


def test_a_look_ends_in_time_where_all_are_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(async_topology, "MOST_ASKED", SILENT)

    async def scene(silent: list[Address]) -> float:
        async with control_client(silent, limit=2.0) as client:
            began = asyncio.get_running_loop().time()
            await client.topology.refresh()
            return asyncio.get_running_loop().time() - began

    with ExitStack() as held:
        servers = [held.enter_context(socket.create_server((LOOPBACK, 0))) for _ in range(SILENT)]
        # 2 s for all of them; each by itself would be waited for as long.
        assert asyncio.run(scene([Address(*server.getsockname()) for server in servers])) < SILENT


def test_what_a_refusal_says_holds_at_once_and_until_the_cluster_was_asked(cluster: Cluster) -> None:
    async def scene() -> tuple[Address | None, list[Address]]:
        async with control_client(seeds(cluster)) as client:
            await client.topology.refresh()
            client.topology.moved(0, Address("elsewhere", 1))
            said = client.topology.slots.master(0)
            return said, await known(client.topology)

    assert asyncio.run(scene()) == (Address("elsewhere", 1), truth(cluster))


def test_each_look_after_the_first_has_a_pause_before_it(nobody: Address) -> None:
    pauses = []

    class Paused:
        def next(self) -> float:
            pauses.append(0.0)
            return 0.0

        def reset(self) -> None:
            """Where a look is slow, the next may be made at once."""
            pauses.append(0.0)

    async def scene() -> None:
        async with control_client([nobody]) as client:
            client.topology._backoff = Paused()  # type: ignore[assignment]
            for _ in range(5):
                await client.topology.refresh()
            assert client.topology.slots.masters == ()

    asyncio.run(scene())
    assert len(pauses) == 4


def test_whoever_waits_is_told_when_it_is_closed(nobody: Address) -> None:
    async def scene() -> None:
        async with control_client([nobody]) as client:
            for _ in range(3):
                await client.topology.refresh()
            waiting = asyncio.ensure_future(client.topology.refresh())
            await asyncio.sleep(0)
        await asyncio.wait_for(waiting, DEADLINE)

    asyncio.run(scene())
