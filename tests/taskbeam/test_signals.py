"""Watching a job never breaks it, and never touches one that is not ours to watch."""

from __future__ import annotations

import logging
from contextvars import copy_context
from typing import TYPE_CHECKING

import pytest
import redis

from taskbeam import signals
from taskbeam.backend import JournalBackend
from taskbeam.run import current_run
from tests.support.worker import worker

from .apps import jobs_app, journal_of
from .faulty_jobs import fail
from .waiting import DEADLINE

if TYPE_CHECKING:
    from stack.valkey import Valkey

LOGGER = "taskbeam.signals"


class TestAFaultOfOurs:
    def test_does_not_keep_a_job_from_being_sent(
        self, valkey: Valkey, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        monkeypatch.setattr(JournalBackend, "append_pending", fail)
        app = jobs_app(valkey.url(12), "taskbeam+" + valkey.url(9))
        with caplog.at_level(logging.ERROR, LOGGER):
            app.send_task("jobs.add", [1, 2], queue="faulty")
        with redis.Redis.from_url(valkey.url(12)) as broker:
            assert broker.llen("faulty") == 1
        assert "_task_is_sent failed; the task goes on." in caplog.text

    @pytest.mark.parametrize("place", ["begin_run", "end_run"])
    def test_does_not_keep_a_job_from_running(
        self, valkey: Valkey, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, place: str
    ) -> None:
        app = jobs_app(valkey.url(12), "taskbeam+" + valkey.url(9))
        assert app.backend is not None  # connects the handlers
        monkeypatch.setattr(signals, place, fail)
        with caplog.at_level(logging.ERROR, LOGGER):
            # In a context of its own, for a run that never ends stays the current one.
            assert copy_context().run(app.tasks["jobs.add"].apply, (1, 2)).get() == 3
        assert "failed; the task goes on." in caplog.text

    def test_does_not_keep_a_worker_from_its_jobs(self, valkey: Valkey) -> None:
        broker, backend = valkey.url(14), "taskbeam+" + valkey.url(9)
        app = jobs_app(broker, backend)
        with worker(broker, backend, pool="solo", app="tests.taskbeam.faulty_jobs"):
            result = app.send_task("jobs.add", [1, 2])
            assert result.get(timeout=DEADLINE) == 3
        assert [event["state"] for event in journal_of(app, result.id)] == ["PENDING", "STARTED", "SUCCESS"]


class TestAnotherApplicationInTheSameProcess:
    def test_is_left_alone(self, valkey: Valkey) -> None:
        ours = jobs_app(valkey.url(12), "taskbeam+" + valkey.url(9))
        theirs = jobs_app(valkey.url(12), valkey.url(15))
        assert isinstance(ours.backend, JournalBackend)
        result = theirs.send_task("jobs.add", [1, 2], queue="theirs")
        with redis.Redis.from_url(valkey.url(15)) as client:
            assert client.keys(f"*{result.id}*") == []
        assert journal_of(ours, result.id) == []


class TestTheRun:
    def test_is_over_with_the_task(self, valkey: Valkey) -> None:
        app = jobs_app(valkey.url(12), "taskbeam+" + valkey.url(9))
        assert current_run() is None
        app.tasks["jobs.add"].apply((1, 2))
        assert current_run() is None
