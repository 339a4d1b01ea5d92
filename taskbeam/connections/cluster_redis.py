"""The Redis Cluster with the journals, for asyncio, from the arguments that Celery's backend has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from redis.asyncio import Redis
from redis.asyncio.connection import ConnectionPool

from taskbeam.cluster.async_topology import AsyncTopology
from taskbeam.cluster.control import ControlClient
from taskbeam.connections.asyncio_redis import RedisParameters, pool_arguments

if TYPE_CHECKING:
    from collections.abc import Sequence

    from taskbeam.cluster.slot_map import Address


def cluster_redis(parameters: RedisParameters, seeds: Sequence[Address], timeout: float) -> ControlClient:
    """Make an unconnected client of the control slot; its ``topology`` has clients of all servers.

    Args:
        parameters: how to connect to each of the servers; host and port are left out of account.
        seeds: servers that are asked about the others.
        timeout: seconds that no command takes longer than, nor connecting.

    Raises:
        CeleryConfigurationError: asyncio's half of redis-py does not know what is configured.
    """
    arguments = pool_arguments(parameters, timeout)
    for name in ("host", "port", "db"):
        arguments.pop(name, None)
    alone = {name: value for name, value in arguments.items() if name not in ("max_connections", "timeout")}

    def client(address: Address) -> Redis:
        return Redis.from_pool(ConnectionPool(host=address.host, port=address.port, **alone))

    return ControlClient.of(AsyncTopology(seeds, client, timeout), arguments)
