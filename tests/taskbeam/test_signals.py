"""Watching a job never breaks it, and never touches one that is not ours to watch."""

from __future__ import annotations

import logging
from contextvars import copy_context
from typing import TYPE_CHECKING, Any

import pytest
import redis
from celery.signals import task_postrun, task_prerun

from taskbeam.celery import signals
from taskbeam.celery.journal_backend import JournalBackend
from taskbeam.celery.run import current_run
from tests.support.results import results_at
from tests.support.worker import worker

from .apps import jobs_app, journal_of
from .faulty_jobs import fail
from .waiting import DEADLINE

if TYPE_CHECKING:
    from stack.valkey import Valkey

LOGGER = "taskbeam.celery.signals"


class TestAFaultOfOurs:
    def test_does_not_keep_a_job_from_being_sent(
        self, valkey: Valkey, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        monkeypatch.setattr(JournalBackend, "append_pending", fail)
        app = jobs_app(valkey.url(12), "taskbeam+" + results_at(valkey.url(9)))
        with caplog.at_level(logging.ERROR, LOGGER):
            app.send_task("jobs.add", [1, 2], queue="faulty")
        with redis.Redis.from_url(valkey.url(12)) as broker:
            assert broker.llen("faulty") == 1
        assert "_task_is_sent failed; the task goes on." in caplog.text

    @pytest.mark.parametrize("place", ["begin_run", "end_run"])
    def test_does_not_keep_a_job_from_running(
        self, valkey: Valkey, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, place: str
    ) -> None:
        app = jobs_app(valkey.url(12), "taskbeam+" + results_at(valkey.url(9)))
        assert app.backend is not None  # connects the handlers
        monkeypatch.setattr(signals, place, fail)
        with caplog.at_level(logging.ERROR, LOGGER):
            # In a context of its own, for a run that never ends stays the current one.
            copy_context().run(_run_as_a_worker_does, app.tasks["jobs.add"])
        assert "failed; the task goes on." in caplog.text

    def test_does_not_keep_a_worker_from_its_jobs(self, valkey: Valkey) -> None:
        broker, backend = valkey.url(14), "taskbeam+" + results_at(valkey.url(9))
        app = jobs_app(broker, backend)
        with worker(broker, backend, pool="solo", app="tests.taskbeam.faulty_jobs"):
            result = app.send_task("jobs.add", [1, 2])
            assert result.get(timeout=DEADLINE) == 3
        assert [event["state"] for event in journal_of(app, result.id)] == ["PENDING", "STARTED", "SUCCESS"]


class TestAnotherApplicationInTheSameProcess:
    def test_is_left_alone(self, valkey: Valkey) -> None:
        ours = jobs_app(valkey.url(12), "taskbeam+" + results_at(valkey.url(9)))
        theirs = jobs_app(valkey.url(12), valkey.url(15))
        assert isinstance(ours.backend, JournalBackend)
        result = theirs.send_task("jobs.add", [1, 2], queue="theirs")
        with redis.Redis.from_url(valkey.url(15)) as client:
            assert list(client.scan_iter(f"*{result.id}*")) == []
        assert journal_of(ours, result.id) == []


class TestTheRun:
    def test_is_over_with_the_task(self, valkey: Valkey) -> None:
        app = jobs_app(valkey.url(12), "taskbeam+" + results_at(valkey.url(9)))
        assert current_run() is None
        app.tasks["jobs.add"].apply((1, 2))
        assert current_run() is None


def _run_as_a_worker_does(task: Any) -> None:
    """An error of a handler would come out of `send`'s results."""
    told = {"sender": task, "task_id": "7", "task": task, "args": (), "kwargs": {}}
    task.push_request(id="7", task=task.name, is_eager=False)
    try:
        answers = task_prerun.send(**told) + task_postrun.send(**told, state="SUCCESS", retval=3)
    finally:
        task.pop_request()
    assert not [answer for _, answer in answers if isinstance(answer, Exception)]
