"""Late progress against the end of a task: forced to meet, again and again."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from celery import states
from celery.app.task import Context

from taskbeam.celery.journal_backend import JournalBackend
from taskbeam.celery.run import Run, begin_run, end_run

if TYPE_CHECKING:
    from .stage import Stage

TRIALS = 400

#: Late reports per trial; the end falls somewhere among them.
REPORTS = 5


@pytest.mark.parametrize("end", [states.SUCCESS, states.FAILURE])
def test_late_progress_never_overwrites_an_end(stage: Stage, end: str) -> None:
    """In Celery's own result and in the journal: the end is the last word, in all trials."""
    for _ in range(TRIALS):
        _trial(stage, end)


def _trial(stage: Stage, end: str) -> None:
    """One run whose helper thread reports while it ends."""
    backend = stage.app.backend
    assert isinstance(backend, JournalBackend)
    task_id = str(uuid4())
    request = _begin(stage, backend, task_id)
    barrier = threading.Barrier(2)

    def report() -> None:
        barrier.wait()
        for current in range(REPORTS):
            backend.store_result(task_id, {"current": current}, "PROGRESS", request=request)
        backend._outbox.close()  # each thread holds a connection of its own

    helper = threading.Thread(target=report)
    helper.start()
    barrier.wait()
    result: Any = "done" if end == states.SUCCESS else ValueError("planted-secret")
    backend.store_result(task_id, result, end, request=request)
    helper.join()
    events = stage.events(task_id)
    assert backend.get_task_meta(task_id)["status"] == end
    assert [event["state"] for event in events if event["final"]] == [end]
    assert events[-1]["final"]


def _begin(stage: Stage, backend: JournalBackend, task_id: str) -> Context:
    """A run as a worker begins it, in this process."""
    task = stage.app.tasks["fates.add"]
    request = Context(id=task_id, task=task.name)
    end_run(begin_run(Run(task, request, backend, interval=0.1, redelivered=False)))
    backend.store_result(task_id, None, states.STARTED, request=request)
    return request
