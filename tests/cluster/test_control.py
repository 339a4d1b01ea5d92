"""The client of the control slot: an ordinary one, which is where the slot's master is."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest
import redis as blocking
from redis.exceptions import MovedError

from stack.ports import LOOPBACK, kept_port
from taskbeam.cluster.control import ControlClient, ControlSSLConnection
from taskbeam.cluster.slot_map import CONTROL_SLOT, Address
from taskbeam.connections.journal import journal_redis
from taskbeam.journal.away import REDIS_AWAY
from tests.support.redis_cluster import key_in
from tests.support.waiting import DEADLINE, wait_until

from .connected import control_client, seeds
from .journals import until_replicated

if TYPE_CHECKING:
    from taskbeam.celery.journal_backend import JournalBackend
    from tests.support.redis_cluster import Cluster, ClusterNode

KEY = "{taskbeam}:a-test"


def other(cluster: Cluster, node: ClusterNode) -> ClusterNode:
    return next(each for each in cluster.masters if each is not node)


def test_what_needs_one_server_has_one(cluster: Cluster) -> None:
    """A transaction and a script over several keys, and a subscription."""

    async def scene() -> tuple[Any, ...]:
        async with control_client(seeds(cluster)) as client:
            pipeline = client.pipeline(transaction=True)
            pipeline.set(KEY, "1", ex=60)
            pipeline.incr(KEY)
            done = await pipeline.execute()
            script = "return {redis.call('GET', KEYS[1]), redis.call('EXISTS', KEYS[2])}"
            found = await cast("Any", client.eval(script, 2, KEY, f"{KEY}:other"))
            async with client.pubsub() as pubsub:
                await pubsub.subscribe("a channel")
                message = await pubsub.get_message(timeout=DEADLINE)
            return done[-1], found, message and message["type"]

    assert asyncio.run(scene()) == (2, [b"2", 0], "subscribe")


def test_it_goes_with_the_slot(cluster: Cluster) -> None:
    """No command fails: what a server refused was not done, and is sent to the one that has the slot."""

    async def scene() -> list[Any]:
        async with control_client(seeds(cluster)) as client:
            await client.set(KEY, "first", ex=60)
            source = cluster.owner_of_slot(CONTROL_SLOT)
            values = []
            for place in (other(cluster, source), source):
                await asyncio.to_thread(cluster.move, CONTROL_SLOT, place)
                values.append(await client.getset(KEY, str(place.port)))
            return [*values, await client.get(KEY)]

    source = cluster.owner_of_slot(CONTROL_SLOT)
    there = other(cluster, source)
    assert asyncio.run(scene()) == [b"first", str(there.port).encode(), str(source.port).encode()]


def test_what_cannot_be_done_while_the_slot_moves_is_done_then(cluster: Cluster) -> None:
    """A transaction, too: it is refused as a whole."""

    async def scene(source: ClusterNode, there: ClusterNode) -> tuple[Any, Any]:
        async with control_client(seeds(cluster)) as client:
            await client.delete(KEY)
            await asyncio.to_thread(cluster.begin_move, CONTROL_SLOT, there)
            try:
                pipeline = client.pipeline(transaction=True)
                pipeline.incr(KEY)
                both = asyncio.gather(pipeline.execute(), client.incr(f"{KEY}:other"))
                await asyncio.to_thread(wait_until, lambda: asks(source) >= 2)
                assert not both.done()
            finally:
                await asyncio.to_thread(cluster.end_move, CONTROL_SLOT, source, there)
            [first], second = await asyncio.wait_for(both, DEADLINE)
            await client.delete(KEY, f"{KEY}:other")
            return first, second

    source = cluster.owner_of_slot(CONTROL_SLOT)
    source.client.config_resetstat()
    try:
        assert asyncio.run(scene(source, other(cluster, source))) == (1, 1)
    finally:
        cluster.move(CONTROL_SLOT, source)


def asks(node: ClusterNode) -> int:
    """How many commands the server has sent elsewhere for once."""
    counted = node.client.info("errorstats").get("errorstat_ASK")
    return counted["count"] if counted else 0


def test_a_key_of_another_slot_is_none_of_its_business(cluster: Cluster) -> None:
    async def scene() -> None:
        async with control_client(seeds(cluster)) as client:
            with pytest.raises(MovedError):
                await client.get(key_in((CONTROL_SLOT + 8000) % 16384))

    asyncio.run(scene())


def test_the_promoted_replica_is_the_next_master(mortal: Cluster) -> None:
    async def scene(master: ClusterNode) -> None:
        async with control_client(seeds(mortal)) as client:
            await client.set(KEY, "before", ex=3600)
            await asyncio.to_thread(until_replicated, mortal, master)
            master.server.kill()
            promoting = asyncio.to_thread(mortal.replica_of(master).take_over)
            await asyncio.gather(promoting, read(client))

    async def read(client: ControlClient) -> None:
        async with asyncio.timeout(DEADLINE):
            while True:
                # What was under way is lost, and not sent again: it may have been done.
                with suppress(*REDIS_AWAY):
                    assert await client.get(KEY) == b"before"
                    break

    asyncio.run(scene(mortal.owner_of_slot(CONTROL_SLOT)))


def test_where_nobody_answers_it_fails_in_time() -> None:
    async def scene(nobody: Address) -> None:
        async with control_client([nobody], limit=0.5) as client:
            with pytest.raises(REDIS_AWAY):
                await asyncio.wait_for(client.get(KEY), DEADLINE)

    with kept_port() as port:
        asyncio.run(scene(Address(LOOPBACK, port)))


def test_it_connects_as_the_backend_does() -> None:
    backend = SimpleNamespace(
        startup_nodes=(Address("one", 7000), Address("two", 7001)),
        connparams={
            "username": "gateway",
            "password": "secret",
            "max_connections": 3,
            "connection_class": blocking.SSLConnection,
            "ssl_ca_certs": "ca.pem",
            "socket_timeout": 120.0,
        },
    )
    client = journal_redis(cast("JournalBackend", backend), 2.0)
    assert isinstance(client, ControlClient)
    pool: Any = client.connection_pool
    node: Any = client.topology.client(Address("three", 7002)).connection_pool.make_connection()
    connection: Any = pool.make_connection()
    assert (pool.max_connections, pool.timeout) == (3, 2.0)
    assert isinstance(connection, ControlSSLConnection)
    assert isinstance(node, blocking.asyncio.connection.SSLConnection)
    for each in (connection, node):
        assert (each.username, each.password, each.ssl_context.ca_certs) == ("gateway", "secret", "ca.pem")
        assert each.socket_timeout == 2.0
    assert (node.host, node.port) == ("three", 7002)
