"""A task that nobody follows, inside one that is followed: nothing of it is told as the other one's."""

from __future__ import annotations

import logging
import threading
from contextlib import redirect_stdout
from typing import TYPE_CHECKING, Any

import pytest
from celery import Celery

import taskbeam
from taskbeam.celery import own_run as module
from taskbeam.celery.journal_backend import JournalBackend
from taskbeam.celery.run import current_run
from taskbeam.client import FeedEvent
from taskbeam.testing import Recording, recorded_all, recording
from taskbeam.testing.recording_backend import RecordingBackend

from .traced import traced

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Where an inner task may be from: the same application, and one whose results are elsewhere.
INNER = ["ours", "theirs"]


@pytest.fixture(scope="module")
def journal() -> Iterator[Recording]:
    app = Celery("outer", broker="memory://", set_as_current=False)
    with recording(app) as made:
        yield made


@pytest.fixture
def _as_in_production(monkeypatch: pytest.MonkeyPatch) -> None:
    """The kit follows eager tasks, too."""
    monkeypatch.setattr(RecordingBackend, "follow_eager", JournalBackend.follow_eager)


@pytest.fixture
def inner(request: pytest.FixtureRequest, journal: Recording) -> Any:
    app = journal.app
    if request.param == "theirs":
        app = Celery("theirs", broker="memory://", backend="cache+memory://", set_as_current=False)
    return app.task(name="inner", shared=False)(reports)


def reports() -> str:
    with taskbeam.step("inner"), redirect_stdout(taskbeam.output):
        taskbeam.progress(1, 2)
        print("inner")
    taskbeam.log("inner")
    taskbeam.emit("inner")
    return "done"


@pytest.mark.usefixtures("_as_in_production")
@pytest.mark.parametrize("inner", INNER, indirect=True)
class TestInProduction:
    def test_what_it_reports_is_nobody_s(self, journal: Recording, inner: Any) -> None:
        def outer() -> None:
            with taskbeam.step("outer"):
                taskbeam.progress(10, 100)
                assert inner.apply().get() == "done"
                taskbeam.progress(20, 100)

        told = journal.of(traced(journal.app, outer))
        assert [step.name for step in told.steps] == ["outer"]
        assert [body["steps"][0].get("percent") for body in told.bodies if "steps" in body][:4] == [
            None,
            10.0,
            20.0,
            100.0,
        ]
        assert (told.log, told.data, told.output) == ([], [], "")

    def test_it_is_not_asked_to_stop(self, journal: Recording, inner: Any) -> None:
        inner_ends = []

        def outer() -> None:
            run = current_run()
            assert run is not None
            run.cancelled = True
            inner_ends.append(inner.apply().state)
            taskbeam.progress(20, 100)

        assert journal.of(traced(journal.app, outer)).story[-1] == "REVOKED revoked"
        assert inner_ends == ["SUCCESS"]

    def test_what_it_sends_is_the_outer_one_s(self, journal: Recording, inner: Any) -> None:
        child = journal.app.task(name="child", shared=False)(reports)
        ids = []

        def send() -> None:
            ids.append(child.delay().id)

        sends = inner.app.task(name="sends", shared=False)(send)

        def outer() -> None:
            sends.apply()

        traced(journal.app, outer, {"headers": {"taskbeam": {"owner": "ada"}}})
        told = [each.event for each in journal.feed("owner:ada") if isinstance(each, FeedEvent)]
        assert ids[0] in {event.task_id for event in told}

    def test_its_thread_knows_its_task(
        self,
        journal: Recording,
        inner: Any,
        monkeypatch: pytest.MonkeyPatch,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        monkeypatch.setattr(module, "_noted", set())

        def outer() -> None:
            inner.apply()

        thread = threading.Thread(target=traced, args=(journal.app, outer))
        with caplog.at_level(logging.WARNING):
            thread.start()
            thread.join()
        assert "does not know the task" not in caplog.text


def test_one_that_is_followed_has_steps_of_its_own(journal: Recording) -> None:
    """In the kit."""
    inner = journal.app.task(name="inner", shared=False)(reports)

    def outer() -> None:
        with taskbeam.step("outer"):
            inner.apply()

    told, followed = recorded_all(journal.app.task(name="outer", shared=False)(outer))
    assert [(step.name, step.state) for step in told.steps] == [("outer", "done")]
    assert [(step.name, step.depth) for step in followed.steps] == [("inner", 0)]
