"""The result backend of an application under test: the real one, on a server in memory.

Three things are otherwise, and each for the same reason: what is recorded must not depend on the clock.
Every call of `progress()` is sent, text goes out when something else does, and nothing is ever trimmed.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from celery.exceptions import Retry

from taskbeam.celery.backend import TaskbeamBackend
from taskbeam.celery.canvas import Canvas
from taskbeam.celery.labels import labels_of
from taskbeam.celery.output import flush_output
from taskbeam.celery.run import current_run, live_run, run_of
from taskbeam.journal.labels import HEADER
from taskbeam.testing.held_text import HeldText
from taskbeam.testing.recording_writer import RecordingWriter

if TYPE_CHECKING:
    from collections.abc import Callable

    from celery import Celery
    from redis.connection import AbstractConnection

    from taskbeam.celery.run import Run
    from taskbeam.journal.describe import Description
    from taskbeam.journal.entry import Appended, Entry

#: More than any test reports.
UNBOUNDED = 2**31 - 1


class RecordingBackend(TaskbeamBackend):
    """Keeps the journals of an application in memory, also those of eager tasks."""

    def __init__(
        self,
        app: Celery,
        connection_class: type[AbstractConnection],
        appended: Callable[[Entry, Appended], Appended],
        raised: dict[str, BaseException],
    ) -> None:
        """``raised`` gets what tasks end with, by their ids."""
        self._heard = appended
        self._raised = raised
        super().__init__(app=app, url="redis://")
        # Nothing of the application's own connection: its server, password and certificates.
        self.connparams = {"connection_class": connection_class, "db": 0}
        self.options = replace(self.options, interval=0.0)
        self.limits = replace(self.limits, limit=UNBOUNDED, limit_bytes=UNBOUNDED)

    def journal_writer(self, *, patient: bool) -> RecordingWriter:
        """One that waits for each answer."""
        connections = self._connections
        return RecordingWriter(connections.make if patient else connections.make_quick, self._heard)

    def be_present(self) -> None:
        """Nobody watches over a worker that lives in a test."""

    def follow_eager(self, task: Any) -> bool:
        """An eager task is told as one that a worker runs: here is where it is sent."""
        request, outer = task.request, current_run()
        if outer is not None and outer.request.id == request.id:
            self.append_replaced(request.id, outer.id)  # by `self.replace()`, which runs it inside
        elif not request.retries:
            self._send(task, request, outer)
        return True

    def _send(self, task: Any, request: Any, sender: Run | None) -> None:
        headers = {"id": request.id, "task": task.name, **(request.headers or {})}
        body: tuple[Any, ...] = (request.args, request.kwargs, {})
        labels = labels_of(headers, sender.request if sender else None, body, self.options.labels_of)
        if header := labels.header(()):
            request.headers = {**(request.headers or {}), HEADER: header}
        self.append_pending(request.id, task.name, Canvas(request.id, {}), labels=labels)

    def hold_text(self, run: Run) -> None:
        """The run begins: its text goes out before whatever else it tells."""
        run.text = HeldText(self.options.output_bytes, lambda: 0.0)

    def append_event(self, request: Any, description: Description, state: str = "", **fields: Any) -> None:
        """As the backend's; text comes first."""
        self._tell_text(request, request.id)
        super().append_event(request, description, state, **fields)

    def _store_result(self, task_id: str, *args: Any, **kwargs: Any) -> Any:
        self._tell_text(kwargs.get("request"), task_id)
        if isinstance(raised := kwargs.get("raised"), BaseException):
            self._raised[task_id] = raised
        return super()._store_result(task_id, *args, **kwargs)

    def _tell_text(self, request: Any, task_id: str) -> None:
        if (run := run_of(request) or live_run(task_id)) is not None:
            flush_output(run)

    def mark_as_retry(self, task_id: str, *args: Any, **kwargs: Any) -> None:
        """As Celery's, while it handles the `Retry`."""
        self.note_retry(kwargs.get("request"), sys.exception())
        super().mark_as_retry(task_id, *args, **kwargs)

    def note_retry(self, request: Any, retry: BaseException | None) -> None:
        """An eager retry is not sent, so nobody has said when it is due."""
        run = run_of(request)
        if run is not None and run.retry is None and isinstance(retry, Retry):
            run.note_retry(_due(retry.when))


def _due(when: Any) -> str | None:
    """An ETA as a message has it, of the date or the seconds that `Task.retry` was given."""
    if when is None:
        return None
    return (when if isinstance(when, datetime) else datetime.now(UTC) + timedelta(seconds=when)).isoformat()
