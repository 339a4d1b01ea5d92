"""Redis clients and writers on the Valkey of this folder."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pytest
import redis
from redis.backoff import NoBackoff
from redis.connection import Connection
from redis.retry import Retry

from stack.valkey import Valkey
from taskbeam.journal.writer import JournalWriter
from tests.support import jobs as stock
from tests.support.closing import close_app
from tests.support.worker import worker

from .apps import close_apps
from .journal import Journal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from celery import Celery

DB = 5
#: What CLIENT LIST calls the connections of the writers under test.
CLIENT_NAME = "tests-writer"


@pytest.fixture(autouse=True)
def closed_apps() -> Iterator[None]:
    """An unclosed socket is an error here, in whichever test it happens to be collected."""
    yield
    close_apps()


@pytest.fixture(scope="package")
def valkey() -> Iterator[Valkey]:
    """The folder's own: nobody else's clients, scripts, queues or keys are there."""
    with Valkey() as server:
        yield server


@pytest.fixture(scope="package")
def client(valkey: Valkey) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(valkey.url(DB)) as opened:
        yield opened


@pytest.fixture(scope="package")
def connect(valkey: Valkey) -> Callable[[], Connection]:
    return partial(
        Connection,
        host="127.0.0.1",
        port=valkey.port,
        db=DB,
        client_name=CLIENT_NAME,
        socket_timeout=30,
        retry=Retry(NoBackoff(), 0),
    )


@pytest.fixture
def writer(connect: Callable[[], Connection]) -> Iterator[JournalWriter]:
    opened = JournalWriter(connect)
    yield opened
    opened.close()


@pytest.fixture
def journal(client: redis.Redis, writer: JournalWriter) -> Journal:
    return Journal(client, writer)


@pytest.fixture(scope="package", params=["prefork", "threads", "solo"])
def jobs(request: pytest.FixtureRequest, valkey: Valkey) -> Iterator[Celery]:
    """The stock jobs under our backend, with a worker of each pool."""
    broker, backend = valkey.url(8), "taskbeam+" + valkey.url(9)
    with worker(broker, backend, pool=request.param):
        app = stock.jobs_app(broker, backend)
        yield app
        close_app(app)


@pytest.fixture(scope="package")
def stock_jobs(valkey: Valkey) -> Iterator[Celery]:
    """The same jobs under Celery's own backend."""
    broker, backend = valkey.url(10), valkey.url(11)
    with worker(broker, backend, pool="threads"):
        app = stock.jobs_app(broker, backend)
        yield app
        close_app(app)
