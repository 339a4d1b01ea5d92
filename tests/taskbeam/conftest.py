"""Redis clients and writers on the Valkey of this folder."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING

import pytest
import redis

from stack.valkey import Valkey
from taskbeam.celery.run import _live
from taskbeam.presence.presence import presence
from taskbeam.testing.in_memory import connection_class, in_memory_server
from tests.support import jobs as stock
from tests.support.closing import close_app
from tests.support.results import client_of, connections_of, results_at, writer_to
from tests.support.waiting import wait_until
from tests.support.worker import hears_broadcasts, worker

from .apps import close_apps
from .journal import Journal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from celery import Celery
    from fakeredis import FakeServer
    from redis.connection import AbstractConnection

    from taskbeam.journal.writer import Writer

DB = 5
#: What CLIENT LIST calls the connections of the writers under test.
CLIENT_NAME = "tests-writer"

#: Modules whose promises hold in the test kit, too: each test of a journal runs on Valkey and in memory. Not
#: that of the limits: it takes half a minute in memory, and what the kit records is not limited.
IN_MEMORY_TOO = ("append", "feeds", "kept_text", "reader", "waiting")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test that asks for `valkey` by name looks at the server itself: how it encodes, what it is called."""
    used = [name for mark in metafunc.definition.iter_markers("usefixtures") for name in mark.args]
    named = [*inspect.signature(metafunc.function).parameters, *used]
    module = metafunc.module.__name__.rpartition(".test_")[2]
    if module in IN_MEMORY_TOO and "memory" in metafunc.fixturenames and "valkey" not in named:
        metafunc.parametrize("memory", [False, True], ids=["valkey", "memory"], indirect=True)


@pytest.fixture(autouse=True)
def closed_apps() -> Iterator[None]:
    """An unclosed socket is an error here, in whichever test it happens to be collected."""
    yield
    close_apps()


@pytest.fixture(autouse=True)
def no_worker_is_left() -> Iterator[None]:
    """Who breaks off a run leaves this process a worker, which keeps the ends that a sender waits for."""
    yield
    presence.end()
    presence.active, presence._runs = False, 0
    _live.clear()


@pytest.fixture(scope="package")
def valkey() -> Iterator[Valkey]:
    """The folder's own: nobody else's clients, scripts, queues or keys are there."""
    with Valkey() as server:
        yield server


@pytest.fixture(scope="package")
def memory(request: pytest.FixtureRequest) -> FakeServer | None:
    """The test kit's server in memory, where a test runs on it; None: journals are on Valkey."""
    return in_memory_server() if getattr(request, "param", False) else None


@pytest.fixture(scope="package")
def client(valkey: Valkey, memory: FakeServer | None) -> Iterator[redis.Redis]:
    if memory is None:
        with client_of(valkey.url(DB)) as opened:
            yield opened
    else:
        pool = redis.ConnectionPool(connection_class=connection_class(memory), db=DB)
        with redis.Redis(connection_pool=pool) as opened:
            yield opened


@pytest.fixture(scope="package")
def connect(client: redis.Redis) -> Callable[[], AbstractConnection]:
    """Makes connections to the server with what belongs to no task."""
    return connections_of(client)


@pytest.fixture
def writer(client: redis.Redis) -> Iterator[Writer]:
    opened = writer_to(client, client_name=CLIENT_NAME)
    yield opened
    opened.close()


@pytest.fixture
def journal(client: redis.Redis, writer: Writer) -> Journal:
    return Journal(client, writer)


@pytest.fixture(scope="package", params=["prefork", "threads", "solo"])
def jobs(request: pytest.FixtureRequest, valkey: Valkey) -> Iterator[Celery]:
    """The stock jobs under our backend, with a worker of each pool.

    One task at a time: a retry is told before its next attempt begins.
    """
    broker, backend = valkey.url(8), "taskbeam+" + results_at(valkey.url(9))
    with worker(broker, backend, pool=request.param, concurrency=1):
        app = stock.jobs_app(broker, backend)
        wait_until(lambda: hears_broadcasts(app), lambda: "the worker to answer a ping")
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
