"""What the tests' own process sends is told though Redis is late."""

from __future__ import annotations

import threading

from stack.valkey import Valkey
from tests.support.closing import close_app
from tests.support.jobs import jobs_app
from tests.support.patient_reports import patient_reports
from tests.taskbeam.apps import journal_of

#: Seconds: longer than a task waits for what it reports, and shorter than these tests do.
LATE = 2.0


def test_a_task_is_told_as_pending() -> None:
    with Valkey() as broker, Valkey() as journals, patient_reports():
        app = jobs_app(broker.url(), f"taskbeam+{journals.url()}")
        journals.pause()
        waker = threading.Timer(LATE, journals.resume)
        waker.start()
        sent = app.send_task("jobs.add", [1, 2])
        waker.join()
        assert [event["state"] for event in journal_of(app, sent.id)] == ["PENDING"]
        close_app(app)
