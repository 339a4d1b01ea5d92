"""What a gateway connects to a cluster with."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from stack.ports import LOOPBACK
from taskbeam.cluster.slot_map import Address
from taskbeam.connections.asyncio_redis import RedisParameters
from taskbeam.connections.cluster_redis import cluster_redis
from tests.support.waiting import DEADLINE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from taskbeam.cluster.control import ControlClient
    from tests.support.redis_cluster import Cluster, ClusterNode


def address(node: ClusterNode) -> Address:
    return Address(LOOPBACK, node.port)


def seeds(cluster: Cluster) -> list[Address]:
    return [address(node) for node in cluster.nodes]


@asynccontextmanager
async def control_client(seeds: list[Address], limit: float = DEADLINE) -> AsyncIterator[ControlClient]:
    """A client of the control slot, until the block ends. ``limit``: seconds that a command may take."""
    client = cluster_redis(RedisParameters(setting="a_setting", arguments={}), seeds, limit)
    try:
        yield client
    finally:
        await client.aclose()
