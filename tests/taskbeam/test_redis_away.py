"""Redis may be away: progress is lost quickly, jobs are sent and run, final states are kept."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
import redis

import taskbeam
from stack.valkey import Valkey
from taskbeam.celery.outbox import Outbox, _looks
from taskbeam.celery.outbox_connections import DEADLINE, OutboxConnections
from taskbeam.celery.run import current_run
from taskbeam.journal import unanswered
from tests.support.redis_cluster import one_server
from tests.support.worker import worker

from .apps import jobs_app, journal_of, ours, results_app
from .running import running
from .waiting import ended, until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from celery import Celery

pytestmark = one_server("it stops and fills the one server with the results")

#: Seconds that this machine may need beside the deadline.
SLACK = 20.0


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
            until(lambda: "its SUCCESS is kept" in process.output)
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


class TestOutput:
    """What a task says by `emit` and `log` waits for Redis, in order; what does not fit is counted."""

    @pytest.mark.parametrize("away", ["pause", "stop", "fill"])
    def test_all_of_it_is_written_when_redis_is_back_though_the_task_is_silent_then(
        self, results: Valkey, away: str
    ) -> None:
        app = results_app("taskbeam+" + results.url())
        with running(app) as task_id:
            for number in range(40):  # some of them under way when it begins
                taskbeam.emit(number)
            with gone(results, away):
                for number in range(40, 80):
                    taskbeam.log(str(number))
                taskbeam.progress(1, 2)  # it may be lost
            until(lambda: spoken(app, task_id) == [*range(40), *map(str, range(40, 80))])
            taskbeam.emit("the last")
        events = journal_of(app, task_id)
        assert [event["data"] for event in events if "data" in event][-1] == "the last"
        assert not any("dropped" in event for event in events)

    def test_a_word_that_redis_could_not_take_is_not_overtaken_by_the_next(
        self, results: Valkey, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(unanswered, "ANSWER_DUE", 3600.0)
        app = results_app("taskbeam+" + results.url())
        with running(app) as task_id, redis.Redis.from_url(results.url()) as client:
            taskbeam.emit(0)
            client.config_set("maxmemory", 1)
            taskbeam.emit(1)
            until(lambda: "errorstat_OOM" in client.info("errorstats"))
            client.config_set("maxmemory", 0)
            for number in range(2, 40):
                taskbeam.emit(number)
            until(lambda: spoken(app, task_id) == list(range(40)))
        assert not any("dropped" in event for event in journal_of(app, task_id))

    def test_it_comes_before_the_end(self, results: Valkey) -> None:
        app = results_app("taskbeam+" + results.url())
        with running(app) as task_id:
            taskbeam.emit(0)
            with gone(results, "stop", seconds=2):
                taskbeam.emit(1)
                taskbeam.emit(2)
                ours(app).store_result(task_id, 7, "SUCCESS", request=current_request())
        events = journal_of(app, task_id)
        assert [event.get("data", event.get("result")) for event in events] == [0, 1, 2, 7]

    @pytest.mark.parametrize("away", ["pause", "stop", "fill"])
    def test_what_does_not_fit_is_counted_by_the_next_event(self, results: Valkey, away: str) -> None:
        app = results_app("taskbeam+" + results.url(), taskbeam_options={"buffer_events": 5})
        with running(app) as task_id:
            taskbeam.emit(0)
            with gone(results, away):
                for number in range(1, 41):
                    taskbeam.emit(number)
            until(lambda: not ours(app)._outbox._outages.closed)
            taskbeam.progress(1, 2)
            taskbeam.emit(41)
            taskbeam.emit(42)
            until(lambda: 42 in spoken(app, task_id))
        events = journal_of(app, task_id)
        assert sum(event.get("dropped", 0) for event in events) + len(spoken(app, task_id)) == 43
        assert spoken(app, task_id) == sorted(spoken(app, task_id))
        assert [event["type"] for event in events if "dropped" in event] == ["progress"]

    def test_the_job_tries_once_and_others_look(
        self, results: Valkey, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        looks: list[bool] = []
        look, connect = Outbox.look, OutboxConnections.make

        def connecting(self: OutboxConnections, deadline: float | None = None) -> Any:
            if threading.current_thread() is threading.main_thread():
                attempts.append(deadline)
            return connect(self, deadline)

        def looking(self: Outbox) -> None:
            look(self)
            looks.append(True)

        attempts: list[float | None] = []
        app = results_app("taskbeam+" + results.url())
        with running(app) as task_id:
            taskbeam.emit(0)
            until(lambda: spoken(app, task_id) == [0])
            monkeypatch.setattr(OutboxConnections, "make", connecting)
            monkeypatch.setattr(_looks, "_flush", looking)
            with gone(results, "stop"):
                number = 0
                while len(looks) < 3:
                    number += 1
                    taskbeam.emit(number)
                    time.sleep(0.01)
                assert attempts == [DEADLINE]
            until(lambda: spoken(app, task_id) == list(range(number + 1)))


@contextmanager
def gone(results: Valkey, how: str, seconds: float = 0) -> Iterator[None]:
    """Redis takes no writes until the block ends, or some seconds later than it began."""

    def come_back() -> None:
        if how == "pause":
            results.resume()
        elif how == "stop":
            results.start()
        else:
            with redis.Redis.from_url(results.url()) as client:
                client.config_set("maxmemory", 0)

    if how == "fill":
        with redis.Redis.from_url(results.url()) as client:
            client.config_set("maxmemory", 1)
    else:
        getattr(results, how)()
    waker = threading.Timer(seconds, come_back)
    if seconds:
        waker.start()
    yield
    if seconds:
        waker.join()
    else:
        come_back()


def current_request() -> Any:
    run = current_run()
    assert run is not None
    return run.request


def spoken(app: Celery, task_id: str) -> list[Any]:
    return [event["data"] for event in journal_of(app, task_id) if "data" in event]
