"""No thread of ours is left where nothing needs it: in a process that is no worker, after the last report."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from taskbeam import progress
from taskbeam.celery.flusher import Flusher
from taskbeam.celery.kept_ends import KeptEnds
from taskbeam.journal.entry import Entry
from taskbeam.journal.keys import task_keys
from taskbeam.presence.presence import presence
from tests.support.results import control, results_at
from tests.support.thread_worker import thread_worker

from .apps import results_app
from .runner import run_all
from .waiting import until

if TYPE_CHECKING:
    from celery import Celery

    from stack.valkey import Valkey

DB = 13


def ours() -> list[str]:
    """But for the one that looks for a Redis that is away, as those of other tests are."""
    names = [thread.name for thread in threading.enumerate()]
    return [name for name in names if name.startswith("taskbeam-") and name != "taskbeam-outage"]


@pytest.fixture(autouse=True)
def none_before(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("flusher", "kept_ends"):
        monkeypatch.setattr(f"taskbeam.celery.{module}.IDLE", 0.01)
    presence.end()  # another test may have begun what a worker ends
    monkeypatch.setattr(presence, "_runs", 0)  # or a run that it left in its middle
    until(lambda: not ours())


@pytest.fixture
def app(valkey: Valkey) -> Celery:
    app = results_app("taskbeam+" + results_at(valkey.url(DB)), task_default_queue=str(uuid4()))
    app.task(name="looks", bind=True)(_looks)
    app.task(name="reports")(_reports)
    app.task(name="nests", bind=True)(_nests)
    app.loader.import_module("celery.contrib.testing.tasks")
    return app


def _looks(self: Any) -> tuple[bool, list[str]]:
    """Whether the lease is held, and by which threads, while a task runs."""
    client = self.app.backend.client
    return until(lambda: client.zscore(control().workers, presence.worker) is not None), ours()


def _nests(self: Any) -> list[str]:
    """A task that is run by a task is a run within the run."""
    message = self.app.signature("looks").apply_async()
    run_all(self.app)
    message.get(timeout=60, disable_sync_subtasks=False)
    return ours()


def _reports() -> None:
    for step in range(100):
        progress(step, 100)


def test_a_process_that_is_no_worker_holds_the_lease_while_a_task_runs(app: Celery) -> None:
    """Celery's own tests do so, and see to it that no test leaves a thread."""
    result: Any = app.signature("looks").apply_async()
    run_all(app)
    assert result.get() == [True, ["taskbeam-lease"]]
    assert ours() == []
    backend: Any = app.backend
    assert not backend.client.zscore(
        control().workers, presence.worker
    )  # 0 where another test left a run behind


def test_the_outermost_task_is_the_last_one(app: Celery) -> None:
    result: Any = app.signature("nests").apply_async()
    run_all(app)
    assert result.get() == ["taskbeam-lease"]
    assert ours() == []


@pytest.mark.parametrize("pool", ["solo", "threads"])
def test_nor_does_a_worker_within_the_process_leave_one(app: Celery, pool: str) -> None:
    with thread_worker(app, pool=pool, shutdown_timeout=60):
        result: Any = app.signature("looks").apply_async()
        assert result.get(timeout=60) == [True, ["taskbeam-lease"]]
    assert ours() == []


def test_a_task_that_reports_leaves_none(app: Celery) -> None:
    app.signature("reports").apply_async()
    run_all(app)
    until(lambda: not ours())


def test_the_flusher_ends_and_begins_again() -> None:
    flushed: list[int] = []
    flusher = Flusher(flushed.append)
    for item in (1, 2):
        flusher.later(item, 0.0)
        until(lambda item=item: item in flushed)  # type: ignore[misc]
        until(lambda: not ours())


def test_the_thread_that_keeps_ends_does_so_too() -> None:
    told: list[Entry] = []
    kept = KeptEnds()
    for number in ("1", "2"):
        entry = Entry(keys=task_keys(number), task_id=number, type="state")
        kept.keep(entry, told.append, may_wait=True)
        until(lambda entry=entry: entry in told)  # type: ignore[misc]
        until(lambda: not ours())


def test_an_item_that_comes_when_the_thread_is_about_to_end_is_flushed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("taskbeam.celery.flusher.IDLE", 0.0)
    flushed: set[int] = set()
    flusher = Flusher(flushed.add)
    for item in range(1000):
        flusher.later(item, 0.0)
    until(lambda: len(flushed) == 1000)
    until(lambda: not ours())
