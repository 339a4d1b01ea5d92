"""What a task's author may call."""

from __future__ import annotations

from typing import TYPE_CHECKING

import taskbeam
from taskbeam.celery.progress import MAX_LINE
from tests.support.worker import worker

from .reporting_jobs import reporting_app
from .waiting import ended

if TYPE_CHECKING:
    from stack.valkey import Valkey


class TestInATask:
    def test_each_call_is_an_event_of_its_type(self, valkey: Valkey) -> None:
        broker, backend = valkey.url(14), "taskbeam+" + valkey.url(9)
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
            "x" * MAX_LINE,
            {"row": [1, 2]},
            "from a coroutine",
            "from its thread",
        ]
        # What has no JSON form, and what is too large; neither is told, and never as a repr.
        assert events[-1]["result"] == "TypeError, ValueError"


class TestOutsideATask:
    def test_nothing_happens(self) -> None:
        taskbeam.progress(1, 2)
        taskbeam.log("nobody listens")
        taskbeam.emit({"a": 1})
