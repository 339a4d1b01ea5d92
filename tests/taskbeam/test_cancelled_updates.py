"""Plain `update_state` in a task that somebody cancelled raises `Cancelled`, and nowhere else."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import copy_context
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from celery.app.task import Context

from taskbeam.celery import own_run as module
from taskbeam.celery.progress import emit, progress
from taskbeam.celery.run import Cancelled, Run, begin_run, end_run
from tests.support.results import results_at

from .apps import journal_of, ours, results_app
from .waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from celery import Celery

    from stack.valkey import Valkey


@pytest.fixture
def app(valkey: Valkey) -> Celery:
    return results_app("taskbeam+" + results_at(valkey.url(4)))


@contextmanager
def running(app: Celery) -> Iterator[Run]:
    """A run in this thread, as a worker begins it."""
    request = Context(id=str(uuid4()), task="tests.updates")
    run = Run(None, request, ours(app), interval=0.1, redelivered=False)
    token = begin_run(run)
    try:
        yield run
    finally:
        end_run(token)


def update(app: Celery, run: Run, state: str | None = "PROGRESS", *, by: Run | None = None) -> None:
    """As `Task.update_state` does, which passes on the request of its thread."""
    request = by.request if by else Context()
    ours(app).store_result(run.request.id, {"current": 1}, state, request=request)


@pytest.mark.parametrize("state", ["PROGRESS", "UPLOADING", None])
def test_it_raises_once_the_run_knows(app: Celery, state: str | None) -> None:
    with running(app) as run:
        update(app, run, state, by=run)
        run.cancelled = True
        with pytest.raises(Cancelled):
            update(app, run, state, by=run)


def test_also_in_a_thread_that_names_the_task(app: Celery) -> None:
    with running(app) as run, ThreadPoolExecutor(1) as pool:
        pool.submit(update, app, run).result()
        run.cancelled = True
        with pytest.raises(Cancelled):
            pool.submit(update, app, run).result()
    assert [event["attempt"] for event in journal_of(app, run.request.id)] == [1, 1]


@pytest.mark.parametrize("state", ["STARTED", "RETRY", "SUCCESS", "FAILURE", "REVOKED"])
def test_what_celery_itself_stores_does_not(app: Celery, state: str) -> None:
    with running(app) as run:
        run.cancelled = True
        update(app, run, state, by=run)


def test_nor_does_another_task_that_updates_it(app: Celery) -> None:
    with running(app) as cancelled:
        cancelled.cancelled = True
        with running(app) as other:
            update(app, cancelled, by=other)


def test_nor_does_anybody_after_its_end(app: Celery) -> None:
    with running(app) as run:
        run.cancelled = True
    update(app, run)


def test_nor_where_the_application_does_not_want_it(valkey: Valkey) -> None:
    app = results_app("taskbeam+" + results_at(valkey.url(4)), taskbeam_options={"cancel_updates": False})
    with running(app) as run:
        run.cancelled = True
        update(app, run, by=run)


def test_an_update_of_another_task_is_not_told_as_a_run_of_it(app: Celery) -> None:
    """Else it would be the other task's newest run, and what that one tells would be refused."""
    with running(app) as told:
        update(app, told, by=told)
        with running(app) as other:
            update(app, told, by=other)
        update(app, told, by=told)
    events = journal_of(app, told.request.id)
    assert [(event["attempt"], event["state"]) for event in events] == [(1, "PROGRESS")] * 3


def test_a_thread_that_does_not_know_its_task_is_named_once(
    app: Celery, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_noted", set())
    with ThreadPoolExecutor(1, "helper") as pool:
        pool.submit(progress, 1, 2).result()  # no task runs
        assert not caplog.records
        with running(app) as run:
            for report in (progress, emit, progress):
                pool.submit(report, 1).result()
            assert caplog.text.count("Thread helper_0 reports, and does not know the task") == 1
            pool.submit(copy_context().run, progress, 1).result()
            until(lambda: [event["progress"]["current"] for event in journal_of(app, run.request.id)] == [1])
