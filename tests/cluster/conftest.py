"""One cluster for all tests that leave it whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from stack.valkey import Valkey
from tests.support.closing import close_app
from tests.support.gateway import Gateway, gateway
from tests.support.jobs import jobs_app
from tests.support.redis_cluster import redis_cluster
from tests.support.worker import worker

from .journals import Journals

if TYPE_CHECKING:
    from collections.abc import Iterator

    from celery import Celery

    from tests.support.redis_cluster import Cluster


@pytest.fixture(scope="package")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A cluster whose servers all live; who moves a slot moves it back."""
    with redis_cluster(tmp_path_factory.mktemp("cluster")) as made:
        yield made
        made.until_whole()


@pytest.fixture
def mortal(cluster: Cluster) -> Iterator[Cluster]:
    """The same, for tests in which masters die or are replaced."""
    yield cluster
    cluster.restore()


@pytest.fixture
def journals(cluster: Cluster) -> Iterator[Journals]:
    """Journals on it that a test writes."""
    made = Journals(cluster)
    yield made
    made.close()


@pytest.fixture(scope="module")
def broker() -> Iterator[Valkey]:
    """The module's own, for messages: kombu knows no cluster."""
    with Valkey() as server:
        yield server


@pytest.fixture(scope="module")
def app(cluster: Cluster, broker: Valkey) -> Iterator[Celery]:
    """With a worker of two processes."""
    backend = f"taskbeam+{cluster.url()}"
    with worker(broker.url(), backend):
        made = jobs_app(broker.url(), backend)
        yield made
        close_app(made)


@pytest.fixture(scope="module")
def served(cluster: Cluster, broker: Valkey) -> Iterator[Gateway]:
    """A gateway of it."""
    with gateway("", broker_url=broker.url(), result_backend=f"taskbeam+{cluster.url()}") as running:
        yield running
