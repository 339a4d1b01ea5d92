"""A soft time limit reaches the task, also where its signal comes in the middle of a report."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING, Any

import pytest
from billiard import pool
from celery.exceptions import SoftTimeLimitExceeded

import taskbeam
from taskbeam.celery.output import flush_output
from taskbeam.celery.run import current_run
from taskbeam.celery.soft_limit import hold_limits_back, reporting
from taskbeam.journal.line import Line
from tests.support.results import results_at

from .apps import journal_of, ours, results_app
from .running import running

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from celery import Celery

    from stack.valkey import Valkey


@pytest.fixture(autouse=True)
def limited() -> Iterator[None]:
    """This process has the handler of a pool's process, as a task finds it that begins here."""
    before = signal.signal(pool.SIG_SOFT_TIMEOUT, pool.soft_timeout_sighandler)
    hold_limits_back()
    yield
    signal.signal(pool.SIG_SOFT_TIMEOUT, before)


@pytest.fixture
def app(valkey: Valkey) -> Celery:
    return results_app("taskbeam+" + results_at(valkey.url(4)))


def write_and_flush() -> None:
    run = current_run()
    assert run is not None
    taskbeam.write("text")
    flush_output(run)


def in_a_step() -> None:
    with taskbeam.step("late"):
        pytest.fail("it began")


def update_state() -> None:
    run = current_run()
    assert run is not None
    run.backend.store_result(run.request.id, {"current": 1}, "PROGRESS", request=run.request)


REPORTS = {
    "progress": lambda: taskbeam.progress(1, 2),
    "emit": lambda: taskbeam.emit("chunk"),
    "log": lambda: taskbeam.log("line"),
    "write": write_and_flush,
    "step": in_a_step,
    "update_state": update_state,
}


@pytest.mark.parametrize("report", REPORTS.values(), ids=REPORTS)
def test_it_comes_behind_the_report(
    app: Celery, monkeypatch: pytest.MonkeyPatch, report: Callable[[], None]
) -> None:
    send = Line.send

    def send_when_it_is_due(*arguments: Any) -> None:
        monkeypatch.undo()  # once
        signal.raise_signal(pool.SIG_SOFT_TIMEOUT)
        send(*arguments)

    with running(app) as task_id:
        monkeypatch.setattr(Line, "send", send_when_it_is_due)
        with pytest.raises(SoftTimeLimitExceeded):
            report()
        taskbeam.log("it goes on")
        ours(app)._outbox._quick.collect()
    assert [event.get("data") for event in journal_of(app, task_id)][-1] == "it goes on"
    assert len(journal_of(app, task_id)) > 1


@pytest.mark.parametrize(
    "number",
    [
        type("Late", (), {"__float__": lambda _: limit(2.0)})(),
        type("Late", (), {"__index__": lambda _: limit(2)})(),
    ],
    ids=["float", "index"],
)
def test_nor_is_it_taken_for_a_number_that_cannot_be_read(app: Celery, number: Any) -> None:
    with running(app) as task_id:
        with pytest.raises(SoftTimeLimitExceeded):
            taskbeam.progress(number)
        ours(app)._outbox._quick.collect()
    assert journal_of(app, task_id)[-1]["progress"] == {"current": 2}


def limit(value: float) -> float:
    """The number, while which is read the limit comes."""
    signal.raise_signal(pool.SIG_SOFT_TIMEOUT)
    return value


def test_outside_of_reports_it_comes_at_once() -> None:
    with pytest.raises(SoftTimeLimitExceeded):
        signal.raise_signal(pool.SIG_SOFT_TIMEOUT)


def test_of_reports_within_reports_the_outermost_counts() -> None:
    passed = []

    def report() -> None:
        with reporting:
            with reporting:
                signal.raise_signal(pool.SIG_SOFT_TIMEOUT)
            passed.append("the inner one")

    with pytest.raises(SoftTimeLimitExceeded):
        report()
    with reporting:  # it comes once
        assert passed == ["the inner one"]


def test_a_handler_of_somebody_else_stays() -> None:
    signal.signal(pool.SIG_SOFT_TIMEOUT, signal.SIG_IGN)
    hold_limits_back()
    assert signal.getsignal(pool.SIG_SOFT_TIMEOUT) is signal.SIG_IGN
