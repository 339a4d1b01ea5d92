"""What a test sees of a task that it runs here and now."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest
from celery import Celery
from celery.exceptions import Retry

import taskbeam
from taskbeam.client import FeedEvent, LogEvent, TaskFailed, TaskFault
from taskbeam.testing import RecordedTask, recorded, recorded_all, recording

if TYPE_CHECKING:
    from taskbeam.testing import Recording


@pytest.fixture(scope="module")
def app() -> Celery:
    """Its servers do not exist."""
    made = Celery("kit", broker="memory://", backend="redis://127.0.0.1:1", set_as_current=False)
    made.conf.update(
        broker_connection_retry_on_startup=False,
        worker_hijack_root_logger=False,
        task_track_started=True,
        taskbeam_options={"limit": 10},
    )
    for job in (imports, fails, counts, sends, asks_again, writes_in_a_thread):
        made.task(name=f"kit.{job.__name__}", shared=False, bind=True, max_retries=None)(job)
    return made


@pytest.fixture
def taskbeam_app(app: Celery) -> Celery:
    return app


def imports(self: Any, rows: int) -> dict[str, int]:  # noqa: ARG001
    taskbeam.log("reading")
    for row in range(1, rows + 1):
        taskbeam.write(f"row {row}, ")
        taskbeam.write("ok\n")
        taskbeam.progress(row, rows, "Importing")
    with taskbeam.step("Index"):
        taskbeam.emit({"table": "orders"})
    taskbeam.write("done")
    return {"rows": rows}


def fails(self: Any) -> None:  # noqa: ARG001
    try:
        raise KeyError("secret")
    except KeyError as error:
        raise taskbeam.PublicError("quota", "Your quota is used up.") from error


def counts(self: Any, limit: int) -> str:  # noqa: ARG001
    for number in range(limit):
        taskbeam.progress(number, limit)
    return "all"


def sends(self: Any) -> None:
    self.app.tasks["kit.counts"].delay(1)


def asks_again(self: Any) -> str:
    if not self.request.retries:
        taskbeam.write("first")
        raise self.retry(countdown=60)
    taskbeam.write("second")
    return "done"


def writes_in_a_thread(self: Any) -> None:  # noqa: ARG001
    from contextvars import copy_context

    thread = threading.Thread(target=copy_context().run, args=(taskbeam.progress, 1, 2))
    thread.start()
    thread.join()


@pytest.fixture(scope="module")
def events(app: Celery) -> RecordedTask:
    """Of an import of two rows."""
    return recorded(app.tasks["kit.imports"], 2)


class TestEvents:
    def test_states_progress_and_result(self, events: RecordedTask) -> None:
        assert events.states == ["PENDING", "STARTED", "SUCCESS"]
        assert [(each.current, each.percent, each.message) for each in events.progress[:2]] == [
            (1, 50.0, "Importing"),
            (2, 100.0, "Importing"),
        ]
        assert (events.fate, events.result, events.error) == ("SUCCESS", {"rows": 2}, None)

    def test_text_lines_chunks_and_steps(self, events: RecordedTask) -> None:
        assert events.output == "row 1, ok\nrow 2, ok\ndone"
        assert events.log == ["reading"]
        assert events.data == [{"table": "orders"}]
        assert [(step.name, step.state) for step in events.steps] == [("Index", "done")]

    def test_they_are_those_of_the_client_in_order(self, events: RecordedTask) -> None:
        assert [event.id and event.id.partition("-")[2] for event in events] == [
            str(number) for number in range(1, len(events) + 1)
        ]
        assert isinstance(events[2], LogEvent)
        assert events[-1].final
        assert events[-1].raw == events.bodies[-1]

    def test_text_is_cut_where_something_else_is_told(self, events: RecordedTask) -> None:
        """And not by the clock."""
        texts = [body["output"]["text"] for body in events.bodies if body["type"] == "output"]
        assert texts == ["row 1, ok\n", "row 2, ok\n", "done"]

    def test_every_report_is_there(self, app: Celery) -> None:
        """In production one in a tenth of a second is sent, and the journal keeps so many."""
        assert [each.current for each in recorded(app.tasks["kit.counts"], 50).progress] == list(range(50))

    def test_a_thread_of_the_task_reports(self, app: Celery) -> None:
        assert recorded(app.tasks["kit.writes_in_a_thread"]).story == [
            "PENDING",
            "STARTED",
            "PROGRESS",
            "SUCCESS",
        ]

    def test_again_and_again_the_same(self, app: Celery) -> None:
        def said() -> list[Any]:
            told = recorded(app.tasks["kit.imports"], 3).bodies
            changing = {"id", "task_id", "ts", "steps"}
            return [{key: body[key] for key in body.keys() - changing} for body in told]

        assert said() == said()


class TestFailures:
    def test_the_client_s_exception_because_of_the_task_s(self, app: Celery) -> None:
        told = recorded(app.tasks["kit.fails"])
        with pytest.raises(TaskFailed) as raised:
            _ = told.result
        assert raised.value.code == "quota"
        assert isinstance(raised.value.__cause__, taskbeam.PublicError)
        assert isinstance(told.error, TaskFault)
        assert "secret" not in str(told.bodies)

    def test_one_that_its_caller_hears_of_is_told_all_the_same(
        self, app: Celery, taskbeam_journal: Recording, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setitem(app.conf, "task_always_eager", True)
        monkeypatch.setitem(app.conf, "task_eager_propagates", True)
        with pytest.raises(taskbeam.PublicError):
            app.tasks["kit.fails"].delay()
        with pytest.raises(Retry):
            app.tasks["kit.asks_again"].delay()
        assert [each.story[-1] for each in taskbeam_journal.tasks] == ["FAILURE quota", "RETRY task_failed"]

    def test_an_attempt_has_a_text_of_its_own(self, app: Celery) -> None:
        told = recorded(app.tasks["kit.asks_again"])
        assert told.states == ["PENDING", "STARTED", "RETRY", "STARTED", "SUCCESS"]
        assert told.output == "second"

    def test_what_is_no_task_s_is_raised(self, app: Celery) -> None:
        with pytest.raises(Exception, match=r"kit\.nowhere"):
            recorded(app.signature("kit.nowhere"))

    def test_one_that_has_not_ended_has_no_end(self) -> None:
        with pytest.raises(AssertionError, match="has not ended"):
            _ = RecordedTask("a", []).fate


class TestARecording:
    def test_has_what_a_task_sends(self, app: Celery) -> None:
        assert [each.name for each in recorded_all(app.tasks["kit.sends"])] == ["kit.sends", "kit.counts"]

    def test_cancels(self, app: Celery, taskbeam_journal: Recording) -> None:
        with taskbeam_journal.cancelling(after=2):
            told = recorded(app.tasks["kit.counts"], 10)
        assert [each.current for each in told.progress] == [0, 1]
        assert told.story[-2:] == ["PROGRESS cancel", "REVOKED revoked"]

    def test_has_the_feed_of_an_owner(self, app: Celery, taskbeam_journal: Recording) -> None:
        with taskbeam.labelled(owner="ada", tags=["billing"]):
            recorded(app.tasks["kit.sends"])
        for feed in ("owner:ada", "tag:billing"):
            told = [each for each in taskbeam_journal.feed(feed) if isinstance(each, FeedEvent)]
            assert [(each.event.name, each.event.state) for each in told] == [
                ("kit.sends", "PENDING"),
                ("kit.sends", "STARTED"),
                ("kit.counts", "PENDING"),
                ("kit.counts", "STARTED"),
                ("kit.counts", "PROGRESS"),
                ("kit.counts", "SUCCESS"),
                ("kit.sends", "SUCCESS"),
            ]
            assert told[-1].rollup == {"total": 2, "open": 0, "waiting": 0, "done": {"SUCCESS": 2}}

    def test_leaves_the_application_as_it_was(self, app: Celery) -> None:
        before = app.backend
        with recording(app) as journal:
            assert app.backend is not before
            app.task(name="kit.later", shared=False, bind=True)(fails)
            assert recorded(app.tasks["kit.later"]).fate == "FAILURE"
        assert app.backend is before
        assert [app.tasks[name].store_eager_result for name in ("kit.fails", "kit.later")] == [False, False]
        assert app.conf.task_store_eager_result is False
        [told] = journal.named("kit.later")  # and is read afterwards
        assert told.ended

    def test_within_another_is_the_same(self, app: Celery, taskbeam_journal: Recording) -> None:
        with recording(app) as inner:
            assert inner is taskbeam_journal

    def test_knows_nothing_of_others(self, taskbeam_journal: Recording) -> None:
        with pytest.raises(KeyError, match="nowhere"):
            taskbeam_journal.of("nowhere")


def test_nothing_of_it_goes_on(app: Celery) -> None:
    before = set(threading.enumerate())
    recorded(app.tasks["kit.imports"], 2)
    assert set(threading.enumerate()) - before == set()
