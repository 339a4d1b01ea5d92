"""Two gateways, one per serving path, beside a stock Celery on one Redis."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest
import redis

from stack.valkey import Valkey
from taskbeam.journal.keys import task_keys
from tests.support.gateway import Gateway, gateway
from tests.support.jobs import jobs_app
from tests.support.redis_cluster import one_server
from tests.support.waiting import wait_until
from tests.support.worker import worker

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

    from celery import Celery

#: Of each module that has something to hear.
heard_on_one_server = one_server("Celery's own backend knows no cluster")

_ids = count()


@dataclass(frozen=True)
class StockTask:
    """A task of which Celery's own backend stores what a test says."""

    app: Celery
    client: redis.Redis
    id: str

    def store(self, state: str, result: Any = None) -> None:
        """As a worker does."""
        self.app.backend.store_result(self.id, result, state)

    def forget(self) -> None:
        self.app.AsyncResult(self.id).forget()

    def wait_for_hearers(self, hearers: int) -> None:
        """Until so many gateways hear it."""
        channel = task_keys(self.id).hearers
        wait_until(lambda: self.client.pubsub_numsub(channel)[0][1] == hearers)

    def names(self) -> set[str]:
        """What Redis has of it beside Celery's result."""
        found: Any = self.client.keys(f"*{self.id}*")
        return {key.decode() for key in found} - {task_keys(self.id).result}


@pytest.fixture(scope="package")
def valkey() -> Iterator[Valkey]:
    with Valkey() as server:
        yield server


@pytest.fixture(scope="package")
def client(valkey: Valkey) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(valkey.url(1)) as connected:
        yield connected


def stock_gateway(valkey: Valkey, path: str = "detached", **settings: Any) -> AbstractContextManager[Gateway]:
    """A gateway that hears Celery's results."""
    given: dict[str, Any] = {"result_backend": valkey.url(1), "stock": 1, **settings}
    return gateway(valkey.url().removesuffix("/0"), path, **given)


@pytest.fixture(scope="package")
def pair(valkey: Valkey) -> Iterator[tuple[Gateway, Gateway]]:
    with stock_gateway(valkey) as detached, stock_gateway(valkey, "portable") as portable:
        yield detached, portable


@pytest.fixture(scope="package")
def app(valkey: Valkey) -> Celery:
    return jobs_app(valkey.url(0), valkey.url(1))


@pytest.fixture(scope="package")
def working(valkey: Valkey) -> Iterator[None]:
    """A stock worker."""
    with worker(valkey.url(0), valkey.url(1), concurrency=1):
        yield


@pytest.fixture
def task(app: Celery, client: redis.Redis) -> StockTask:
    return StockTask(app, client, f"stock-{next(_ids)}")
