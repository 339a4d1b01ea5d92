"""Nothing of a gateway on a cluster goes on when it has stopped, and nothing holds its stop up."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from redis.exceptions import ConnectionError  # noqa: A004

from stack.ports import LOOPBACK
from taskbeam.cluster.exchange import ClusterExchange
from taskbeam.cluster.slot_map import SLOTS, Address, SlotMap, SlotRange
from taskbeam.follow import cluster_subscriber
from taskbeam.follow.cluster_subscriber import ClusterSubscriber
from taskbeam.follow.node_connection import NodeConnection
from tests.support import nobody
from tests.support.waiting import DEADLINE

from .connected import control_client

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pytest

    from taskbeam.cluster.async_topology import AsyncTopology

SERVER = Address(LOOPBACK, nobody.PORT)


def know(topology: AsyncTopology) -> None:
    """One server has all slots."""
    topology.slots = SlotMap([SlotRange(0, SLOTS - 1, SERVER)])


def test_what_is_not_answered_when_connections_are_closed_asks_the_cluster_nothing() -> None:
    async def scene() -> None:
        answers: list[Any] = []
        async with control_client([SERVER]) as client:
            know(client.topology)
            exchange = ClusterExchange(client.topology, DEADLINE)
            exchange.ask(answers.append, "GET", "a key")
            await exchange.aclose()
            (answer,) = answers
            assert isinstance(answer, ConnectionError)
            assert client.topology._looking is None

    asyncio.run(scene())


def test_a_question_to_each_master_that_is_cut_off_leaves_no_connection() -> None:
    """As one of a gateway that stops while it begins."""

    async def scene() -> None:
        asked, closed = asyncio.Event(), asyncio.Event()

        async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            while await reader.read(65536):
                asked.set()
            closed.set()
            writer.close()

        async with await asyncio.start_server(silent, LOOPBACK, 0) as server, asyncio.timeout(DEADLINE):
            master = Address(LOOPBACK, server.sockets[0].getsockname()[1])
            async with control_client([master]) as client:
                client.topology.slots = SlotMap([SlotRange(0, SLOTS - 1, master)])
                asking = asyncio.create_task(client.topology.info("memory"))
                await asked.wait()
                asking.cancel()
                await asyncio.wait([asking])
                await closed.wait()

    asyncio.run(scene())


class Listener:
    """Whom a subscriber tells; nothing is published here."""

    def subscribed(self, name: bytes) -> None: ...

    def published(self, name: bytes, payload: bytes) -> None: ...

    def interrupted(self, names: Iterable[bytes]) -> None: ...


def test_a_connection_that_swallows_its_cancellation_does_not_hold_the_subscriber_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As redis-py does on Python 3.11, now and then."""
    heard = 0

    class Deaf(NodeConnection):
        async def run(self) -> None:
            nonlocal heard
            while heard < 2:
                try:
                    await asyncio.Event().wait()
                except asyncio.CancelledError:
                    heard += 1
            raise asyncio.CancelledError

    async def scene() -> None:
        monkeypatch.setattr(cluster_subscriber, "NodeConnection", Deaf)
        async with control_client([SERVER]) as client:
            subscriber = ClusterSubscriber(client.topology, Listener())
            running = asyncio.create_task(subscriber.run())
            await client.topology.refresh()
            know(client.topology)
            await client.topology.refresh()  # it connects to all masters
            await asyncio.sleep(0)
            running.cancel()
            done, _ = await asyncio.wait({running}, timeout=DEADLINE)
            assert done
            assert heard == 2

    asyncio.run(scene())
