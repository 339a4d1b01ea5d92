"""What a task's author may call while the task runs. Plain `self.update_state(...)` stays as good.

Outside a task, in an eager one and under another result backend these do nothing, so that code which
reports can be called from anywhere. They never raise because Redis is away.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from taskbeam.celery.flusher import Flusher
from taskbeam.celery.run import Cancelled, current_run
from taskbeam.journal import events
from taskbeam.journal.describe import MAX_VALUE_BYTES, Description
from taskbeam.journal.encode import to_json

if TYPE_CHECKING:
    from taskbeam.celery.run import Run

#: Characters of a line that `log` sends.
MAX_LINE = 16 * 1024


def progress(current: float, total: float | None = None, message: str | None = None) -> None:
    """Report how far the running task is: ``current`` of ``total`` in any unit, and what it does now.

    Cheap enough for every row of a loop: within a short interval (`taskbeam_options`) only the latest
    goes out; the first and the last always do. Raises `Cancelled` when somebody has cancelled the
    task: clean up, and let it pass.
    """
    run = current_run()
    if run is None:
        return
    idle = run.progress.held is None
    if run.progress.offer((current, total, message)):
        _flush_in_time(run)
    elif idle:
        _flusher.later(run, run.progress.wait())
    if run.cancelled:
        raise Cancelled


def flush_progress(run: Run) -> None:
    """Send what the run holds, before anything else of it is sent."""
    if run.progress.held is None:
        return
    with run.lock:
        _send(run, run.progress.take())


def _flush_in_time(run: Run) -> None:
    """Send what the run holds as soon as it may go out: the task and the flusher share one rate."""
    with run.lock:
        _send(run, run.progress.take_in_time())
        if run.progress.held is not None:
            _flusher.later(run, run.progress.wait())


def _send(run: Run, held: tuple[float, float | None, str | None] | None) -> None:
    if held is None:
        return
    meta = {
        name: value
        for name, value in zip(("current", "total", "message"), held, strict=True)
        if value is not None
    }
    run.backend.store_result(run.request.id, meta, events.PROGRESS, request=run.request)


_flusher = Flusher(_flush_in_time)


def emit(data: Any) -> None:
    """Send a chunk of the task's output (a token, a row); any JSON value.

    Raises `TypeError` for what has no JSON form, and `ValueError` for what is larger than 256 KiB in it.
    """
    encoded = to_json(data)
    size = len(encoded.encode())
    if size > MAX_VALUE_BYTES:
        raise ValueError(f"a chunk has at most {MAX_VALUE_BYTES} bytes as JSON, and this one {size}")
    _append(Description("data", {"data": encoded}))


def log(text: str) -> None:
    """Send a line of text for the people who watch the task; what is behind 16,384 characters is cut off."""
    _append(Description("log", {"data": to_json(str(text)[:MAX_LINE])}))


def _append(description: Description) -> None:
    run = current_run()
    if run is not None:
        run.backend.append_event(run.request, description)
