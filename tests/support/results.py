"""Where tests have their results: on a server of their own, or on a Redis Cluster (pytest's `--on-cluster`).

There all tests of a process share one cluster, and a URL of results that a test names leads to it.
"""

from __future__ import annotations

from contextlib import aclosing, asynccontextmanager, closing, contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import redis
from redis.asyncio import Redis

from stack.ports import LOOPBACK
from taskbeam.celery.cluster_connections import ClusterConnections
from taskbeam.cluster.slot_map import Address
from taskbeam.connections.asyncio_redis import RedisParameters
from taskbeam.connections.cluster_redis import cluster_redis
from taskbeam.follow.connections import appender_to, exchange_with
from taskbeam.journal.cluster_keys import ClusterKeys
from taskbeam.journal.control_keys import CLUSTER, ONE_SERVER
from taskbeam.journal.keys import CELERY_PREFIX, JournalNames, TaskKeys
from taskbeam.journal.writer import JournalWriter

from .redis_cluster import is_cluster_wanted, wanted_cluster
from .waiting import DEADLINE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    from redis.connection import AbstractConnection

    from stack.valkey import Valkey
    from taskbeam.journal.appender import JournalAppender
    from taskbeam.journal.control_keys import ControlKeys
    from taskbeam.journal.exchange import Exchange
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
    client = cluster_redis(RedisParameters(setting="results", arguments={}), _seeds(_cluster), DEADLINE)
    try:
        yield client
    finally:
        await client.aclose()


class Reach(NamedTuple):
    """By what a gateway reaches Redis. ``journals``: those that ``redis`` does not have; None: it has all."""

    redis: Redis
    appender: JournalAppender
    journals: Exchange | None


@asynccontextmanager
async def reach_of(url: str) -> AsyncIterator[Reach]:
    """That of a gateway with its results there."""
    async with connected_to(url) as client, aclosing(exchange_with(client, DEADLINE)) as exchange:
        yield Reach(client, appender_to(client, exchange), exchange if is_cluster_wanted() else None)


def writer_to(client: Any, **options: Any) -> Writer:
    """What a worker writes journals with, where the client asks; ``options``: of its connections."""
    if _cluster is None or not isinstance(client, redis.RedisCluster):
        return JournalWriter(connections_of(client, **options))
    return ClusterConnections(_seeds(_cluster), options).writer(patient=True)


def connections_of(client: Any, **options: Any) -> Callable[[], AbstractConnection]:
    """Makes connections to the server that has what belongs to no task, where the client asks."""
    if _cluster is None or not isinstance(client, redis.RedisCluster):
        pool = client.connection_pool
        return partial(pool.connection_class, **pool.connection_kwargs, **options)
    return ClusterConnections(_seeds(_cluster), options).make


def _seeds(cluster: Cluster) -> list[Address]:
    return [Address(LOOPBACK, node.port) for node in cluster.nodes]


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
