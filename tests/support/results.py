"""Where tests have their results: on a server of their own, or on a Redis Cluster (pytest's `--on-cluster`).

There all tests of a process share one cluster, and a URL of results that a test names leads to it.
"""

from __future__ import annotations

from contextlib import asynccontextmanager, closing, contextmanager
from typing import TYPE_CHECKING, Any, cast

import redis
from redis.asyncio import Redis

from stack.ports import LOOPBACK
from taskbeam.celery.cluster_connections import ClusterConnections
from taskbeam.cluster.slot_map import Address
from taskbeam.connections.asyncio_redis import RedisParameters
from taskbeam.connections.cluster_redis import cluster_redis
from taskbeam.journal.cluster_keys import ClusterKeys
from taskbeam.journal.control_keys import CLUSTER, ONE_SERVER
from taskbeam.journal.keys import CELERY_PREFIX, JournalNames, TaskKeys
from taskbeam.journal.writer import JournalWriter

from .redis_cluster import is_cluster_wanted, wanted_cluster
from .waiting import DEADLINE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from redis.connection import AbstractConnection

    from stack.valkey import Valkey
    from taskbeam.journal.control_keys import ControlKeys
    from taskbeam.journal.writer import Writer

    from .redis_cluster import Cluster

#: That of this process; None: there is none.
_cluster: Cluster | None = None


def control() -> ControlKeys:
    """The names of what belongs to no task."""
    return CLUSTER if is_cluster_wanted() else ONE_SERVER


def all_names() -> JournalNames:
    """How tasks are named."""
    return JournalNames(CELERY_PREFIX, ClusterKeys if is_cluster_wanted() else TaskKeys)


def names(task_id: str) -> TaskKeys:
    """The names of a task."""
    return all_names().task(task_id)


@contextmanager
def results_of_all() -> Iterator[None]:
    """Until the block ends there is a cluster, where one is wanted."""
    global _cluster
    with wanted_cluster() as _cluster:
        yield
    _cluster = None


def results_at(url: str) -> str:
    """The URL of results that are to be at this one."""
    return _cluster.url() if _cluster is not None else url


def client_of(url: str, **options: Any) -> Any:
    """A client of the results there; ``options``: redis-py's."""
    if _cluster is None:
        return redis.Redis.from_url(url, **options)
    return redis.RedisCluster(LOOPBACK, _cluster.nodes[0].port, **options)


@contextmanager
def emptied(url: str, **options: Any) -> Iterator[Any]:
    """The same, and nothing is there."""
    with closing(client_of(url, **options)) as client:
        if _cluster is None:
            client.flushall()
        else:
            client.flushall(target_nodes=redis.RedisCluster.PRIMARIES)
        yield client


@asynccontextmanager
async def connected_to(url: str) -> AsyncIterator[Redis]:
    """What a gateway asks Redis with: a client of what belongs to no task."""
    if _cluster is None:
        async with Redis.from_url(url) as client:
            yield client
        return
    nodes = [Address(LOOPBACK, node.port) for node in _cluster.nodes]
    client = cluster_redis(RedisParameters(setting="results", arguments={}), nodes, DEADLINE)
    try:
        yield client
    finally:
        await client.aclose()


def writer_to(client: Any) -> Writer:
    """What a worker writes journals with, where the client asks."""
    if _cluster is None:
        pool = client.connection_pool
        return JournalWriter(lambda: cast("AbstractConnection", pool.make_connection()))
    nodes = [Address(LOOPBACK, node.port) for node in _cluster.nodes]
    return ClusterConnections(nodes, {}).writer(patient=True)


def tell_news_of(client: Any, result: str) -> None:
    """A task was sent, or has begun: to a cluster's dashboard its sender and worker say so."""
    if _cluster is not None and client.exists(CLUSTER.dashboard):
        client.xadd(CLUSTER.news, {"task": result})


def subscriptions_of(client: Any) -> int:
    """How many channels any gateway is subscribed to."""
    if _cluster is None:
        return len(client.pubsub_channels())
    return sum(len(node.client.execute_command("PUBSUB", "SHARDCHANNELS")) for node in _cluster.nodes)


def subscribers_of(client: Any, channel: str) -> int:
    """How many gateways are subscribed to a channel."""
    if _cluster is None:
        ((_, count),) = client.pubsub_numsub(channel)
        return int(count)
    counts = (node.client.execute_command("PUBSUB", "SHARDNUMSUB", channel) for node in _cluster.nodes)
    return sum(int(count) for _, count in counts)


def cut_subscriptions_to(client: Any) -> None:
    """End each connection over which somebody hears what is published."""
    servers = (
        [client] if _cluster is None else [node.client for node in _cluster.nodes if node.server.running]
    )
    for server in servers:
        server.client_kill_filter(_type="pubsub")


def server_of_results(server: Valkey) -> Valkey | Cluster:
    """What to pause and resume, where the results are to be at this server."""
    return _cluster if _cluster is not None else server


@contextmanager
def servers_of(url: str) -> Iterator[list[redis.Redis]]:
    """A client of each server that the results at this URL may be on."""
    if _cluster is None:
        with redis.Redis.from_url(url) as client:
            yield [client]
    else:
        yield [node.client for node in _cluster.nodes if node.server.running]
