"""What a task's author may call while the task runs. Plain `self.update_state(...)` stays as good.

Outside a task, or under another result backend, these do as much as makes sense there: `progress`
falls back to Celery's own state, the others do nothing. They never raise because Redis is away.
"""

from __future__ import annotations

from typing import Any

from taskbeam import events
from taskbeam.describe import Description
from taskbeam.encode import to_json
from taskbeam.run import current_run
from taskbeam.signals import Journal


def progress(current: float, total: float | None = None, message: str | None = None) -> None:
    """Report how far the running task is: ``current`` of ``total`` in any unit, and what it does now."""
    running = current_run()
    if running is None:
        return
    meta: dict[str, Any] = {"current": current, "total": total, "message": message}
    meta = {name: value for name, value in meta.items() if value is not None}
    running.task.backend.store_result(running.request.id, meta, events.PROGRESS, request=running.request)


def emit(data: Any) -> None:
    """Send a chunk of the task's output (a token, a row); any JSON value.

    Raises `TypeError` for what has no JSON form.
    """
    _append(Description("data", {"data": to_json(data)}))


def log(text: str) -> None:
    """Send a line of text for the people who watch the task."""
    _append(Description("log", {"data": to_json(str(text))}))


def _append(description: Description) -> None:
    running = current_run()
    if running is not None and isinstance(running.task.backend, Journal):
        running.task.backend.append_event(running.request, description)
