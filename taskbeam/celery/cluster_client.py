"""What Celery's Redis backend asks of a client and redis-py's `RedisCluster` does not have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from redis.cluster import ClusterNode, RedisCluster

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

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
    """A client for Celery's own commands: results that it reads, groups and chords."""

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
