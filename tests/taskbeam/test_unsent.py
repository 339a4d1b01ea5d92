"""A sender whose message cannot be published: its task has an end, and the sender its error."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from celery import chain, signals
from celery.app.task import Context
from kombu.exceptions import OperationalError

from taskbeam.celery.run import Run, begin_run, end_run
from tests.support import nobody
from tests.support.results import results_at

from .apps import journal_of, results_app
from .conftest import DB

if TYPE_CHECKING:
    from celery import Celery

    from stack.valkey import Valkey

PENDING, NOT_SENT = ("PENDING", None), ("REVOKED", "not_sent")


@pytest.fixture
def refused(valkey: Valkey) -> Celery:
    """An application whose broker takes no connection."""
    once = {"max_retries": 1, "interval_start": 0, "interval_step": 0}
    return results_app(
        "taskbeam+" + results_at(valkey.url(DB)),
        broker_url=f"{nobody.REDIS}/0",
        broker_transport_options=once,
        task_publish_retry=False,
    )


@pytest.fixture
def taken(valkey: Valkey) -> Celery:
    """One whose messages are taken."""
    return results_app("taskbeam+" + results_at(valkey.url(DB)))


def story(app: Celery, task_id: str) -> list[tuple[str, str | None]]:
    events = journal_of(app, task_id)
    return [(event["state"], event.get("error", {}).get("code")) for event in events]


def send(app: Celery, **options: Any) -> str:
    """The id of a task, sent or not."""
    task_id = str(uuid4())
    app.send_task("tests.task", task_id=task_id, **options)
    return task_id


@pytest.mark.parametrize("ignore_result", [False, True])
def test_its_task_has_an_end(refused: Celery, ignore_result: bool) -> None:
    """Whether or not its application has sent one before."""
    assert refused.backend
    for _ in range(2):
        task_id = str(uuid4())
        with pytest.raises(OperationalError):
            refused.send_task("tests.task", task_id=task_id, ignore_result=ignore_result)
        assert story(refused, task_id) == [PENDING, NOT_SENT]


def test_so_have_those_that_wait_for_it(refused: Celery) -> None:
    first, last = str(uuid4()), str(uuid4())
    task = refused.signature("tests.task", immutable=True)
    with pytest.raises(OperationalError):
        chain(task.clone().set(task_id=first), task.clone().set(task_id=last)).apply_async()
    assert story(refused, first) == [PENDING, NOT_SENT]
    assert story(refused, last) == [PENDING, ("FAILURE", "dependency_failed")]


def test_one_that_is_queued_already_stays(refused: Celery, taken: Celery) -> None:
    task_id = send(taken)
    with pytest.raises(OperationalError):
        refused.send_task("tests.task", task_id=task_id)
    assert story(taken, task_id) == [PENDING]


def test_one_that_is_sent_again_goes_on(refused: Celery, taken: Celery) -> None:
    task_id = str(uuid4())
    with pytest.raises(OperationalError):
        refused.send_task("tests.task", task_id=task_id)
    taken.send_task("tests.task", task_id=task_id)
    assert story(taken, task_id)[-1] == PENDING


def test_one_that_is_published_stays_whatever_fails_then(taken: Celery) -> None:
    class Failing:
        def publish(self, *_: Any, **__: Any) -> None:
            raise OSError("the events' exchange is away")

    taken.conf.task_send_sent_event = True
    task_id = str(uuid4())
    with pytest.raises(OSError, match="exchange"):
        taken.send_task("tests.task", task_id=task_id, event_dispatcher=Failing())
    assert story(taken, task_id) == [PENDING]


def test_nobody_takes_the_place_of_a_run_whose_replacement_is_not_sent(refused: Celery) -> None:
    run = Run(refused.Task(), Context(id=str(uuid4())), refused.backend, interval=0.1, redelivered=False)
    token = begin_run(run)
    try:
        with pytest.raises(OperationalError):
            refused.send_task("tests.task", task_id=run.request.id, replaced_task_nesting=1)
    finally:
        end_run(token)
    assert not run.replaced


def test_another_that_is_sent_meanwhile_stays(refused: Celery, taken: Celery) -> None:
    """By a handler of a signal."""
    sent: list[str] = []

    def audit(**_: Any) -> None:
        if not sent:
            sent.append("begun")
            sent.append(send(taken))

    assert taken.backend
    assert refused.backend
    signals.before_task_publish.connect(audit)
    task_id = str(uuid4())
    try:
        with pytest.raises(OperationalError):
            refused.send_task("tests.task", task_id=task_id)
    finally:
        signals.before_task_publish.disconnect(audit)
    assert story(taken, sent[1]) == [PENDING]
    assert story(refused, task_id) == [PENDING, NOT_SENT]
