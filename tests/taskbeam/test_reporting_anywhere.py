"""A job may report from a logging handler, from a signal handler, and in the middle of a report."""

from __future__ import annotations

import logging
import signal
import threading
import time
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from celery import chain, states
from celery.app.task import Context

import taskbeam
from stack.valkey import Valkey
from taskbeam.celery.kept_ends import kept_ends
from taskbeam.celery.outbox_connections import DEADLINE
from taskbeam.journal.line import Line
from taskbeam.presence.presence import presence
from tests.support.closing import close_app
from tests.support.redis_cluster import one_server
from tests.support.results import results_at

from .apps import journal_of, results_app
from .runner import run_all
from .running import running
from .waiting import until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from celery import Celery

#: Seconds that this machine may need beside the deadline.
SLACK = 20.0

#: Seconds that something may take which waits for nobody.
PATIENCE = 60.0


@pytest.fixture
def results() -> Iterator[Valkey]:
    with Valkey() as server:
        yield server


@pytest.fixture
def app(results: Valkey) -> Iterator[Celery]:
    made = results_app("taskbeam+" + results_at(results.url()), task_default_queue=str(uuid4()))
    yield made
    close_app(made)  # while its Redis is there


def said(app: Celery, task_id: str) -> list[Any]:
    return [event["data"] for event in journal_of(app, task_id) if event["type"] in ("log", "data")]


class Reporter(logging.Handler):
    """Sends what is logged to the people who watch the task."""

    def __init__(self, name: str | None = None, *, broken: bool = False) -> None:
        super().__init__()
        self._logger = logging.getLogger(name)
        self._broken = broken
        self.heard: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if self._broken:
            raise OSError("the disk is full")
        self.heard.append(record.getMessage())
        taskbeam.log(record.getMessage())

    def __enter__(self) -> Reporter:
        self._logger.addHandler(self)
        return self

    def __exit__(self, *_: object) -> None:
        self._logger.removeHandler(self)


class TestALoggingHandler:
    def test_its_lines_come_in_order(self, app: Celery) -> None:
        with running(app) as task_id, Reporter("tests.anywhere"):
            for number in range(5):
                taskbeam.emit(number)
                logging.getLogger("tests.anywhere").warning("line %d", number)
            until(lambda: len(said(app, task_id)) == 10)
        assert said(app, task_id) == [each for number in range(5) for each in (number, f"line {number}")]

    @one_server("it stops the one server with the results")
    def test_of_our_own_log_it_does_not_report_without_end(self, app: Celery, results: Valkey) -> None:
        """A report fails, which is logged, which is reported …"""
        with running(app) as task_id, Reporter("taskbeam") as handler:
            taskbeam.emit("before")
            results.stop()
            began = time.monotonic()
            for number in range(300):
                taskbeam.emit(number)
                taskbeam.progress(number, 300)
            assert time.monotonic() - began < DEADLINE + SLACK
            assert len(handler.heard) == 1
            results.start()
            until(lambda: len(said(app, task_id)) >= 301)
        assert said(app, task_id)[-1] == 299
        assert len([each for each in said(app, task_id) if "Cannot write" in str(each)]) == 1

    @one_server("it stops the one server with the results")
    def test_one_that_raises_costs_neither_a_report_nor_the_end(
        self, app: Celery, results: Valkey, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(presence, "active", True)  # a worker keeps the ends that Redis does not take
        with running(app) as task_id, Reporter("taskbeam", broken=True):
            taskbeam.emit("before")
            results.stop()
            for number in range(3):
                taskbeam.emit(number)
                taskbeam.log("a line")
                taskbeam.progress(number, 3)
            request = Context(id=task_id, task="tests.talks")
            app.backend.store_result(task_id, 7, states.SUCCESS, request=request)
            results.start()
            until(lambda: not len(kept_ends))
        assert app.AsyncResult(task_id).get(timeout=60) == 7


class TestAnInterruption:
    """A signal handler runs between any two steps of a report, and reports itself."""

    @pytest.fixture(params=["send", "read"])
    def interrupt(self, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Any:
        """Have something done, once, in the middle of the next exchange with Redis."""
        todo: list[Callable[[], None]] = []

        def interrupted(step: Callable[..., Any]) -> Callable[..., Any]:
            def wrapper(*args: Any, **kwargs: Any) -> Any:
                while todo:
                    todo.pop()()
                return step(*args, **kwargs)

            return wrapper

        if request.param == "read":
            monkeypatch.setattr(Line, "_reply", interrupted(Line._reply))
        else:
            monkeypatch.setattr(Line, "send", interrupted(Line.send))
        return todo.append

    @pytest.mark.parametrize("report", [taskbeam.emit, taskbeam.log, taskbeam.progress])
    def test_is_reported_after_what_it_interrupted(
        self, app: Celery, interrupt: Any, report: Callable[[Any], None], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(
            "taskbeam.celery.outbox_connections.DEADLINE", 2 * PATIENCE
        )  # nothing waits for it
        with running(app) as task_id:
            for _ in range(20):
                taskbeam.emit("before")
            interrupt(lambda: report(17))
            began = time.monotonic()
            for _ in range(20):
                taskbeam.emit("after")
            assert time.monotonic() - began < PATIENCE
            until(lambda: len(journal_of(app, task_id)) >= 41)
        events = journal_of(app, task_id)
        assert [int(event["id"].split("-")[1]) for event in events] == list(range(1, 42))
        told = [event.get("data", event.get("progress", {}).get("current")) for event in events]
        assert sorted(map(str, told)) == sorted(["before"] * 20 + ["after"] * 20 + ["17"])

    def test_while_a_task_is_sent(self, app: Celery, interrupt: Any) -> None:
        with running(app) as task_id:
            taskbeam.emit("before")
            interrupt(lambda: taskbeam.emit("within"))
            sent = app.signature("another").apply_async()
            taskbeam.emit("after")
            until(lambda: len(said(app, task_id)) >= 3)
        assert said(app, task_id) == ["before", "within", "after"]
        assert [event["state"] for event in journal_of(app, sent.id)] == ["PENDING"]

    def test_a_storm_of_signals(self, app: Celery) -> None:
        """Each is told once, and so is what they interrupt, in its order."""
        count = 0

        def handle(*_: object) -> None:
            nonlocal count
            count += 1
            taskbeam.emit(f"signal {count}")
            taskbeam.progress(count)
            if count < 150:
                signal.setitimer(signal.ITIMER_REAL, 0.0005)

        before = signal.signal(signal.SIGALRM, handle)
        try:
            with running(app) as task_id:
                signal.setitimer(signal.ITIMER_REAL, 0.0005)
                for number in range(300):
                    taskbeam.emit(number)
                until(lambda: count == 150)
                until(lambda: len(said(app, task_id)) == 300 + 150)
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)
        lines = said(app, task_id)
        assert [each for each in lines if isinstance(each, int)] == list(range(300))
        assert {each for each in lines if isinstance(each, str)} == {f"signal {n + 1}" for n in range(150)}


class TestAnOutage:
    """Redis takes what is sent, and never answers."""

    @one_server("it stops the one server with the results")
    def test_costs_a_job_a_second_in_all_whatever_it_does(
        self, app: Celery, results: Valkey, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """It reports, sends another task, and fails, with another one behind it."""
        monkeypatch.setattr(presence, "active", False)  # restored when it is over
        began: list[float] = []

        def works() -> None:
            results.pause()
            began.append(time.monotonic())
            for number in range(100):
                taskbeam.progress(number, 100)
                taskbeam.emit(number)
                taskbeam.log(str(number))
            app.signature("works").apply_async(queue="another")
            raise ValueError

        app.task(name="works")(works)
        last: Any = chain(app.signature("works"), app.signature("works"), app=app).apply_async()
        presence.stay()  # as in a worker
        waker = threading.Timer(30, results.resume)
        waker.start()
        try:
            run_all(app)
            assert time.monotonic() - began[0] < DEADLINE + SLACK
        finally:
            waker.cancel()
            results.resume()
            until(lambda: not len(kept_ends))
            presence.end()
        assert [event["state"] for event in journal_of(app, last.id)] == ["PENDING", "FAILURE"]
