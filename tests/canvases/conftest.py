"""One server and one worker for all canvases."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import redis
from redis.backoff import NoBackoff
from redis.connection import Connection
from redis.retry import Retry

from stack.valkey import Valkey
from taskbeam.journal.writer import JournalWriter
from tests.support.closing import close_app
from tests.support.worker import worker

from .heard import Heard
from .jobs import jobs_app

if TYPE_CHECKING:
    from collections.abc import Iterator

    from celery import Celery

BROKER, RESULTS = 0, 1


@pytest.fixture(scope="package")
def valkey() -> Iterator[Valkey]:
    with Valkey() as server:
        yield server


@pytest.fixture(scope="package")
def app(valkey: Valkey) -> Iterator[Celery]:
    broker, backend = valkey.url(BROKER), "taskbeam+" + valkey.url(RESULTS)
    # One process: when the last task of a canvas has ended, no other one writes of it, so late that it is
    # taken for the next canvas.
    with worker(broker, backend, concurrency=1, app="tests.canvases.jobs"):
        made = jobs_app(broker, backend)
        yield made
        close_app(made)


@pytest.fixture
def client(valkey: Valkey) -> Iterator[redis.Redis]:
    """Of the results, without those of earlier canvases."""
    with redis.Redis.from_url(valkey.url(RESULTS)) as client:
        client.flushdb()
        yield client


@pytest.fixture
def writer(valkey: Valkey) -> Iterator[JournalWriter]:
    def connect() -> Connection:
        return Connection(
            host="127.0.0.1", port=valkey.port, db=RESULTS, socket_timeout=30, retry=Retry(NoBackoff(), 0)
        )

    opened = JournalWriter(connect)
    yield opened
    opened.close()


@pytest.fixture
def heard(client: redis.Redis) -> Iterator[Heard]:
    with Heard(client) as heard:
        yield heard
