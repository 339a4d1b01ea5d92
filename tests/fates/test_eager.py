"""What the test kit records of an eager task is what a worker tells of it, where there is such a way."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from celery import chain, chord, group

from taskbeam.testing import recorded, recorded_all, recording
from tests.support.closing import close_app

from .jobs import fates_app
from .table import expected
from .test_ends import WAYS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from celery import Celery

    from .stage import Event, Stage

#: The most retries that a client is told, where a way has any: those of the call itself, or of the task.
MOST_RETRIES = {"retry": 3, "ignored: retry": 3, "retries exhausted": 1, "autoretry exhausted": 1}

#: Nobody delivers an eager task again: there it stays requeued.
NOT_EAGER = {"Reject, requeue, acks late"}


@pytest.fixture(scope="module")
def app() -> Iterator[Celery]:
    """The same jobs; nothing of what it names is there."""
    made = fates_app("redis://127.0.0.1:1/0", "taskbeam+redis://127.0.0.1:1/1")
    yield made
    close_app(made)


@contextmanager
def ended_threads() -> Iterator[None]:
    """Those that the block's tasks leave behind, which report too late."""
    before = set(threading.enumerate())
    yield
    for thread in set(threading.enumerate()) - before:
        thread.join()


def essence(event: Event) -> Event:
    """What does not differ from run to run."""
    said = {**event, "id": event["id"].partition("-")[2]}
    for member in ("task_id", "ts", "estimate"):
        said.pop(member, None)
    if "error" in said:
        said["error"] = said["error"] | {"ref": ""}
    if "retry" in said:
        said["retry"] = said["retry"] | {"at": 0, "delay": round(said["retry"]["delay"], 1)}
    return said


def test_every_event_is_that_of_a_worker(stage: Stage, app: Celery) -> None:
    ways = {way: sent for way, sent in WAYS.items() if way not in NOT_EAGER}
    told = {way: stage.send(job, *args, **options) for way, (job, args, options) in ways.items()}
    with recording(app) as journal, ended_threads():
        here = {
            way: recorded(app.tasks[f"fates.{job}"].s(*args).set(**options)).task_id
            for way, (job, args, options) in ways.items()
        }
    for way in ways:
        events = journal.of(here[way])
        assert [essence(dict(body)) for body in events.bodies] == [
            essence(event) for event in stage.ended(told[way])
        ], way
        assert events.story == expected(way)
        limits = {body["retry"]["max"] for body in events.bodies if "retry" in body}
        assert limits == ({MOST_RETRIES[way]} if way in MOST_RETRIES else set()), way


def test_nobody_delivers_an_eager_task_again(app: Celery) -> None:
    told = recorded(app.tasks["fates.requeues_late"])
    assert told.story == expected("Reject, requeue, acks late")[:3]
    assert not told.ended


def test_a_task_that_exits(app: Celery) -> None:
    assert recorded(app.tasks["fates.leaves"]).story == expected("SystemExit")


def test_a_cancelled_task(app: Celery) -> None:
    with recording(app) as journal, journal.cancelling(after=1):
        told = recorded(app.tasks["fates.steps"], 3)
    assert told.story == expected("cancelled while running")


def sent_in_turn(way: str) -> list[str]:
    """Without what is told of a task that waits for others: in eager mode it is not known before."""
    return [word for word in expected(way) if word != "PENDING dependency"]


class TestCanvases:
    @pytest.fixture
    def add(self, app: Celery) -> Any:
        return app.tasks["fates.add"].si(1, 2)

    @pytest.fixture
    def fails(self, app: Celery) -> Any:
        return app.tasks["fates.fails"].si("unkind")

    def test_a_chain(self, add: Any) -> None:
        first, *others = recorded_all(chain(add, add, add))
        assert first.story == expected("plain")
        assert [each.story for each in others] == [sent_in_turn("chain: later link")] * 2

    def test_a_chain_that_fails_has_no_tail(self, add: Any, fails: Any) -> None:
        first, failing = recorded_all(chain(add, fails, add))
        assert first.story == expected("plain")
        assert failing.story == expected("chain: failing link")

    def test_a_group(self, add: Any, fails: Any) -> None:
        stories = [each.story for each in recorded_all(group(add, fails, add))]
        assert stories == [expected("plain"), expected("failure"), expected("plain")]

    def test_a_chord(self, add: Any) -> None:
        *header, body = recorded_all(chord([add, add], add))
        assert [each.story for each in header] == [expected("plain")] * 2
        assert body.story == sent_in_turn("chord: body")

    @pytest.mark.parametrize("shape", ["task", "chain", "chord"])
    def test_a_replaced_task(self, app: Celery, shape: str) -> None:
        """Its last part is not sent before the parts in front of it have run."""
        told = recorded(app.tasks["fates.replaces"], shape, "celery")
        again = expected(f"replaced by a {shape}")
        assert told.story == again[:3] + again[-2:]
        assert told.result == 3
