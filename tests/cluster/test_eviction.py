"""Of the masters of a cluster one that drops keys is enough for a warning."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from typing import TYPE_CHECKING, cast

import pytest

from taskbeam.journal.eviction import eviction_warning
from tests.support.closing import close_app
from tests.support.jobs import jobs_app
from tests.support.redis_cluster import MASTERS

from .connected import control_client, seeds

if TYPE_CHECKING:
    from collections.abc import Iterator

    from taskbeam.celery.cluster_backend import TaskbeamClusterBackend
    from tests.support.redis_cluster import Cluster

WARNING = "drops keys when it is full (maxmemory-policy allkeys-lru)"


@contextmanager
def evicting(cluster: Cluster, place: int) -> Iterator[None]:
    """One of the masters drops keys, until the block ends."""
    client = cluster.masters[place].client
    client.config_set("maxmemory", "1gb")
    client.config_set("maxmemory-policy", "allkeys-lru")
    try:
        yield
    finally:
        client.config_set("maxmemory-policy", "noeviction")
        client.config_set("maxmemory", 0)


@pytest.mark.parametrize("place", range(MASTERS))
def test_a_worker_warns_of_it(cluster: Cluster, place: int, caplog: pytest.LogCaptureFixture) -> None:
    app = jobs_app("memory://", "taskbeam+" + cluster.url())
    backend = cast("TaskbeamClusterBackend", app.backend)
    with evicting(cluster, place):
        backend.warn_of_eviction()
    assert WARNING in caplog.text
    caplog.clear()
    backend.warn_of_eviction()
    assert not caplog.records
    close_app(app)


@pytest.mark.parametrize("place", range(MASTERS))
def test_a_gateway_hears_of_it(cluster: Cluster, place: int) -> None:
    async def warning() -> str | None:
        async with control_client(seeds(cluster)) as client:
            return eviction_warning(await client.topology.info("memory"))

    with evicting(cluster, place):
        assert WARNING in str(asyncio.run(warning()))
    assert asyncio.run(warning()) is None
