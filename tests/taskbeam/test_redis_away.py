"""Redis may be away: progress is lost quickly, jobs are sent and run, final states are kept."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
import redis

from stack.valkey import Valkey
from taskbeam.celery.outbox import DEADLINE
from tests.support.worker import worker

from .apps import jobs_app, journal_of, results_app
from .waiting import ended, until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

#: Seconds that this machine may need beside the deadline.
SLACK = 2.0


@pytest.fixture
def results(tmp_path: Path) -> Iterator[Valkey]:
    """A Redis for the results alone, which keeps them over a restart."""
    with Valkey(None, tmp_path / "results") as server:
        yield server


class TestProgress:
    @pytest.mark.parametrize("away", ["pause", "stop"])
    def test_neither_raises_nor_slows_the_task(self, results: Valkey, away: str) -> None:
        app = results_app("taskbeam+" + results.url())
        task_id = str(uuid4())
        app.backend.store_result(task_id, {"current": 0}, "PROGRESS")
        getattr(results, away)()
        begin = time.monotonic()
        for current in range(300):
            app.backend.store_result(task_id, {"current": current}, "PROGRESS")
        assert time.monotonic() - begin < DEADLINE + SLACK
        if away == "pause":
            results.resume()
        else:
            results.start()

        def reported() -> bool:
            app.backend.store_result(task_id, {"current": 300}, "PROGRESS")
            return bool(journal_of(app, task_id)[-1]["progress"] == {"current": 300})

        until(reported)
        seqs = [int(event["id"].split("-")[1]) for event in journal_of(app, task_id)]
        assert seqs == list(range(1, len(seqs) + 1))


class TestSending:
    @pytest.mark.parametrize("away", ["pause", "stop"])
    def test_a_job_is_sent_all_the_same(self, valkey: Valkey, results: Valkey, away: str) -> None:
        app = jobs_app(valkey.url(12), "taskbeam+" + results.url())
        getattr(results, away)()
        begin = time.monotonic()
        app.send_task("jobs.add", [1, 2], queue=away)
        assert time.monotonic() - begin < DEADLINE + SLACK
        with redis.Redis.from_url(valkey.url(12)) as broker:
            assert broker.llen(away) == 1


class TestTheFinalState:
    def test_is_stored_when_redis_comes_back(self, valkey: Valkey, results: Valkey) -> None:
        broker, backend = valkey.url(13), "taskbeam+" + results.url()
        app = jobs_app(broker, backend)
        with worker(broker, backend, pool="solo") as process:
            result = app.send_task("jobs.digest", [3000])
            until(lambda: len(journal_of(app, result.id)) > 5)
            results.stop()
            # The task is through, and its end waits for Redis.
            until(lambda: "Connection to Redis lost" in process.output)
            results.start()
            events = ended(app, result.id)
        assert events[-1]["state"] == "SUCCESS"
        assert len(events[-1]["result"]) == 64
        assert app.AsyncResult(result.id).state == "SUCCESS"
        seqs = [int(event["id"].split("-")[1]) for event in events]
        assert seqs == list(range(seqs[0], seqs[0] + len(seqs)))

    def test_is_stored_once_when_only_the_reply_was_lost(self, results: Valkey) -> None:
        """The quick attempt times out, but the server does what it was asked when it wakes up."""
        app = results_app("taskbeam+" + results.url())
        task_id = str(uuid4())
        app.backend.store_result(task_id, {"current": 0}, "PROGRESS")
        results.pause()
        waker = threading.Timer(DEADLINE * 1.5, results.resume)
        waker.start()
        app.backend.store_result(task_id, 7, "SUCCESS")
        waker.join()
        assert [event["state"] for event in journal_of(app, task_id)] == ["PROGRESS", "SUCCESS"]
        assert app.AsyncResult(task_id).get(timeout=60) == 7
