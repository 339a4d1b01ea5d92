"""A run that is over is gone at once, with all that its message brought: nothing waits for the collector.

The message of a task in a group of 400 may bring 400 signatures. As cycles they cost the collector, and so
the worker, as much as all that was told of the task.
"""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

import taskbeam
from taskbeam.celery.run import current_run
from tests.support.collector import without_collector
from tests.support.results import results_at

from .apps import journal_of, results_app
from .conftest import DB
from .runner import run_all

if TYPE_CHECKING:
    from collections.abc import Callable

    from celery import Celery

    from stack.valkey import Valkey


@pytest.fixture
def app(valkey: Valkey) -> Celery:
    return results_app("taskbeam+" + results_at(valkey.url(DB)), task_default_queue=str(uuid4()))


REPORTS = {
    "nothing": lambda: None,
    "progress": lambda: taskbeam.progress(1, 2),
    "emit": lambda: taskbeam.emit(1),
}


@pytest.mark.parametrize("report", REPORTS.values(), ids=REPORTS)
def test_neither_the_run_nor_its_request_is_left(app: Celery, report: Callable[[], None]) -> None:
    left: list[weakref.ref[Any]] = []

    def job(self: Any) -> None:
        report()
        left.extend([weakref.ref(current_run()), weakref.ref(self.request_stack.top)])

    app.task(name="tests.job", bind=True, shared=False)(job).delay()
    with without_collector():
        assert run_all(app) == 1
        assert [each() for each in left] == [None, None]


@pytest.mark.filterwarnings("ignore:Exception raised outside body:RuntimeWarning")
def test_of_a_run_that_celery_breaks_off_the_failure_is_told(
    app: Celery, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What follows the task cannot be sent: Celery says that its run is over, and then stores a FAILURE."""

    def job() -> None:
        with taskbeam.step("The only step"):
            pass

    sent = app.task(name="tests.job", shared=False)(job).apply_async(link=app.signature("tests.next"))
    monkeypatch.setattr(app, "send_task", refuse)
    run_all(app)
    last = journal_of(app, sent.id)[-1]
    assert (last["state"], last.get("steps", [{}])[0].get("name")) == ("FAILURE", "The only step")


def refuse(*_: Any, **__: Any) -> None:
    raise RuntimeError("no message is sent")
