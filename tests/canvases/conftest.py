"""One server and one worker for all canvases."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
import redis
from redis.backoff import NoBackoff
from redis.connection import Connection
from redis.retry import Retry

from stack.valkey import Valkey
from taskbeam.celery.cluster_connections import ClusterConnections
from taskbeam.cluster.slot_map import Address
from taskbeam.journal.writer import JournalWriter
from tests.support.closing import close_app
from tests.support.redis_cluster import wanted_cluster
from tests.support.worker import worker

from .heard import Heard
from .jobs import jobs_app

if TYPE_CHECKING:
    from collections.abc import Iterator

    from celery import Celery

    from tests.support.redis_cluster import Cluster

BROKER, RESULTS = 0, 1


@pytest.fixture(scope="package")
def valkey() -> Iterator[Valkey]:
    with Valkey() as server:
        yield server


@pytest.fixture(scope="package")
def cluster() -> Iterator[Cluster | None]:
    """Has the results instead, where they are to be on one."""
    with wanted_cluster() as made:
        yield made


@pytest.fixture(scope="package")
def app(valkey: Valkey, cluster: Cluster | None) -> Iterator[Celery]:
    broker = valkey.url(BROKER)
    backend = "taskbeam+" + (cluster.url() if cluster else valkey.url(RESULTS))
    # One process: when the last task of a canvas has ended, no other one writes of it, so late that it is
    # taken for the next canvas.
    with worker(broker, backend, concurrency=1, app="tests.canvases.jobs"):
        made = jobs_app(broker, backend)
        yield made
        close_app(made)


@pytest.fixture
def client(valkey: Valkey, cluster: Cluster | None) -> Iterator[Any]:
    """Of the results, without those of earlier canvases."""
    if cluster is None:
        with redis.Redis.from_url(valkey.url(RESULTS)) as client:
            client.flushdb()
            yield client
        return
    with closing(cluster.client()) as everywhere:
        everywhere.flushall(target_nodes=redis.RedisCluster.PRIMARIES)
        yield everywhere


@pytest.fixture
def writer(valkey: Valkey, cluster: Cluster | None) -> Iterator[Any]:
    def connect() -> Connection:
        return Connection(
            host="127.0.0.1", port=valkey.port, db=RESULTS, socket_timeout=30, retry=Retry(NoBackoff(), 0)
        )

    if cluster is None:
        opened: Any = JournalWriter(connect)
    else:
        nodes = [Address("127.0.0.1", node.port) for node in cluster.nodes]
        opened = ClusterConnections(nodes, {}).writer(patient=True)
    yield opened
    opened.close()


@pytest.fixture
def heard(client: Any) -> Iterator[Heard]:
    with Heard(client) as heard:
        yield heard
