"""A cancel that the task's own code swallows, row by row: the worker's log says so, once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from contextvars import copy_context
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from celery.app.task import Context

from taskbeam import Cancelled, progress
from taskbeam.celery.run import Run, begin_run, end_run
from tests.support.results import control, results_at

from .apps import ours, results_app

if TYPE_CHECKING:
    from collections.abc import Iterator

    from celery import Celery

    from stack.valkey import Valkey


@pytest.fixture
def app(valkey: Valkey) -> Celery:
    return results_app("taskbeam+" + results_at(valkey.url(13)))


@pytest.fixture
def run(app: Celery) -> Iterator[Run]:
    made = Run(None, Context(id=str(uuid4()), task="rows"), ours(app), interval=0.1, redelivered=False)
    token = begin_run(made)
    made.cancelled = True
    yield made
    end_run(token)


def test_it_is_said_once(run: Run, caplog: pytest.LogCaptureFixture) -> None:
    for row in range(5):
        with suppress(Exception):
            progress(row, 5)
    assert caplog.text.count("was cancelled, and goes on") == 1
    assert run.request.id in caplog.text


@pytest.mark.usefixtures("run")
def test_it_is_not_said_of_threads_that_each_hear_of_it(caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(3):
        with ThreadPoolExecutor(1) as pool:  # a thread of its own, perhaps with the id of another
            heard = pool.submit(copy_context().run, progress, 1).exception()
        assert isinstance(heard, Cancelled)
    assert "goes on" not in caplog.text


def test_a_worker_that_was_away_reads_what_was_revoked_also_decoded(valkey: Valkey) -> None:
    """Celery takes `decode_responses` in the address of the backend."""
    app = results_app("taskbeam+" + results_at(valkey.url(13)) + "?decode_responses=true")
    task_id = str(uuid4())
    ours(app).client.zadd(control().cancelled, {task_id: 1})
    assert task_id in ours(app).load_cancelled()
