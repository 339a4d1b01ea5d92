"""What Celery's Redis backend asks of a client and redis-py's `RedisCluster` does not have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import redis
from redis.backoff import NoBackoff
from redis.cluster import ClusterNode, RedisCluster
from redis.exceptions import ConnectionError  # noqa: A004
from redis.retry import Retry

from taskbeam.journal.away import REDIS_AWAY

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from redis.client import PubSub

    from taskbeam.cluster.slot_map import Address


class _Pools:
    """All pools of a cluster's servers, where Celery resets the pool of one."""

    def __init__(self, cluster: RedisCluster) -> None:
        self._cluster = cluster

    def reset(self) -> None:
        """Forget the connections; after a fork they are the parent's."""
        self.disconnect()

    def disconnect(self) -> None:
        """Close the connections that are open."""
        self._cluster.disconnect_connection_pools()


class CelerysClusterClient(RedisCluster):
    """A client for Celery's own commands: results that it reads, groups and chords.

    What a task's result is published on is heard on any server of a cluster, so Celery's subscriptions are on
    one that answers.
    """

    def __init__(self, startup_nodes: Sequence[Address], arguments: Mapping[str, Any]) -> None:
        """``arguments``: redis-py's for a connection. Connects at once; raises redis-py's errors."""
        self._arguments = dict(arguments)
        nodes = [ClusterNode(*address) for address in startup_nodes]
        super().__init__(startup_nodes=nodes, **self._arguments)

    @property
    def connection_pool(self) -> _Pools:
        """What Celery resets."""
        return _Pools(self)

    def mget(self, keys: Iterable[Any], *args: Any) -> list[Any]:
        """The values in the order of the keys, which may have any slots; they are not of one moment."""
        values: list[Any] = self.mget_nonatomic(keys, *args)
        return values

    def pubsub(self, **kwargs: Any) -> PubSub:  # type: ignore[override]
        """Subscriptions on a server that answers. Raises redis-py's `ConnectionError` where none does."""
        nodes: list[ClusterNode] = self.get_nodes()  # type: ignore[no-untyped-call]
        for node in nodes:
            server = redis.Redis(
                host=node.host, port=node.port, retry=Retry(NoBackoff(), 0), **self._arguments
            )
            try:
                server.ping()
            except REDIS_AWAY:
                server.close()
            else:
                subscriptions: PubSub = server.pubsub(**kwargs)
                return subscriptions
        self.nodes_manager.initialize()
        raise ConnectionError("no server of the cluster answers")
