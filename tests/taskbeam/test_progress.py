"""What a task's author may call."""

from __future__ import annotations

from typing import TYPE_CHECKING

import taskbeam
from taskbeam.journal.bounds import MAX_TEXT
from tests.support.results import results_at
from tests.support.worker import worker

from .reporting_jobs import reporting_app
from .waiting import ended

if TYPE_CHECKING:
    from stack.valkey import Valkey


class TestInATask:
    def test_each_call_is_an_event_of_its_type(self, valkey: Valkey) -> None:
        broker, backend = valkey.url(14), "taskbeam+" + results_at(valkey.url(9))
        app = reporting_app(broker, backend)
        with worker(broker, backend, pool="threads", app="tests.taskbeam.reporting_jobs"):
            events = ended(app, app.send_task("jobs.report").id)
        assert [(event["type"], event["state"]) for event in events[2:]] == [
            ("progress", "PROGRESS"),
            ("progress", "PROGRESS"),
            ("log", "PROGRESS"),
            ("log", "PROGRESS"),
            ("data", "PROGRESS"),
            ("log", "PROGRESS"),
            ("log", "PROGRESS"),
            ("state", "SUCCESS"),
        ]
        assert events[2]["progress"] == {"current": 1, "total": 4, "percent": 25.0, "message": "Reading"}
        assert events[3]["progress"] == {"current": 2}
        assert [event["data"] for event in events[4:-1]] == [
            "half way",
            "x" * MAX_TEXT,
            {"row": [1, 2]},
            "from a coroutine",
            "from its thread",
        ]
        # What has no JSON form, and what is too large; neither is told, and never as a repr.
        assert events[-1]["result"] == "TypeError, ValueError"

    def test_whatever_is_reported_the_job_goes_on(self, valkey: Valkey) -> None:
        broker, backend = valkey.url(14), "taskbeam+" + results_at(valkey.url(9))
        app = reporting_app(broker, backend)
        with worker(broker, backend, pool="threads", app="tests.taskbeam.reporting_jobs") as process:
            events = ended(app, app.send_task("jobs.report_oddly").id)
        first, second = (event["progress"] for event in events[2:4])
        assert first == {"current": 0.5, "total": 4, "percent": 12.5, "message": "reading"}
        assert second == {"current": 1}  # of an unknown total
        assert events[-1]["state"] == "SUCCESS"
        assert events[-1]["result"] == "done"
        # Once per run, however often it happens.
        assert process.output.count("cannot report its progress; the task goes on.") == 1


class TestOutsideATask:
    def test_nothing_happens(self) -> None:
        taskbeam.progress(1, 2)
        taskbeam.log("nobody listens")
        taskbeam.emit({"a": 1})
