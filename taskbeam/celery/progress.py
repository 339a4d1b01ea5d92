"""What a task's author may call while the task runs. Plain `self.update_state(...)` stays as good.

Outside a task, in an eager one and under another result backend these do nothing, so that code which
reports can be called from anywhere. Reporting never breaks a job: `progress` raises nothing but
`Cancelled`, and none of them raises because Redis is away. A soft time limit that comes meanwhile is raised
when the report is over.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, SupportsFloat, SupportsIndex

from taskbeam.background.log_fields import about
from taskbeam.background.logger import logger_for
from taskbeam.celery.flusher import Flusher
from taskbeam.celery.own_run import own_run
from taskbeam.celery.real_number import plain_number
from taskbeam.celery.soft_limit import reporting
from taskbeam.celery.step_list import current_step
from taskbeam.journal.bounds import MAX_TEXT, MAX_VALUE_BYTES, size_of
from taskbeam.journal.describe import Description, files_member
from taskbeam.journal.encode import to_json

if TYPE_CHECKING:
    from taskbeam.celery.run import Run
    from taskbeam.celery.step_list import Report

logger = logger_for(__name__)


def progress(
    current: SupportsFloat | SupportsIndex,
    total: SupportsFloat | SupportsIndex | None = None,
    message: object = None,
) -> None:
    """Report how far the running task is: ``current`` of ``total`` in any unit, and what it does now.

    Any real number will do: of Python, numpy, decimal or fractions. A ``current`` that is no finite number
    (NaN, infinity) is not sent, and the worker's log says so once per run; such a ``total`` counts as
    unknown.

    Cheap enough for every row of a loop: within a short interval (`taskbeam_options`) only the latest
    goes out; the first and the last always do. Raises `Cancelled` when somebody has cancelled the
    task: clean up, and let it pass. It raises nothing else.
    """
    run = own_run()
    if run is None:
        return
    report = (current, total, message)
    if run.steps is not None:
        with reporting:
            run.steps.reported(current_step.get(), report)
    offer_progress(run, report)
    run.check()


def offer_progress(run: Run, report: Report) -> None:
    """Send the report now, or soon, unless a newer one comes before.

    A run with steps is as far as they say.
    """
    idle = run.progress.held is None
    if run.progress.offer(report):
        with reporting:
            _flush_held(run)
    elif idle:
        with reporting:
            _flush_later(run)


def flush_progress(run: Run) -> None:
    """Send what the run holds, before anything else of it is sent."""
    if run.progress.held is None:
        return
    with reporting:
        try:
            with run.lock:
                _send(run, run.progress.take())
        except Exception:
            _complain(run)


def _flush_in_time(run: Run) -> None:
    """Send what the run holds as soon as it may go out: the task and the flusher share one rate."""
    with run.lock:
        _send(run, run.progress.take_in_time())
        if run.progress.held is not None:
            _flusher.later(run, run.progress.wait())


def _send(run: Run, held: Report | None) -> None:
    if held is not None:
        run.backend.store_progress(run, _meta(held) if run.steps is None else run.steps.meta())


def _meta(report: Report) -> dict[str, Any]:
    current, total, message = report
    number = plain_number(current)
    if number is None:
        raise ValueError(f"`current` is a {type(current).__name__}, and no finite number")
    meta: dict[str, Any] = {"current": number}
    if (whole := plain_number(total)) is not None:
        meta["total"] = whole
    if message is not None:
        meta["message"] = str(message)
    return meta


def _flush_held(run: Run) -> None:
    try:
        _flush_in_time(run)
    except Exception:
        _complain(run)


def _flush_later(run: Run) -> None:
    try:
        _flusher.later(run, run.progress.wait())
    except RuntimeError:  # a process that ends starts no thread
        _complain(run)


def _complain(run: Run) -> None:
    """Log the exception that is handled, once per run: a job may report a million times."""
    if run.complained:
        return
    run.complained = True
    logger.exception(
        "Task %s: cannot report its progress; the task goes on.",
        run.request.id,
        extra=about(task_id=run.request.id),
    )


_flusher = Flusher(_flush_held)


def emit(data: Any) -> None:
    """Send a chunk of the task's output (a token, a row); any JSON value.

    Raises `TypeError` for what has no JSON form, and `ValueError` for what is larger than 256 KiB in it.
    """
    files: list[str] = []
    encoded = to_json(data, files)
    size = size_of(encoded)
    if size > MAX_VALUE_BYTES:
        raise ValueError(f"a chunk has at most {MAX_VALUE_BYTES} bytes as JSON, and this one {size}")
    run = own_run()
    if run is not None:
        _append(run, Description("data", {"data": encoded} | files_member(files)))


def log(text: str) -> None:
    """Send a line of text for the people who watch the task; what is behind 16,384 characters is cut off.

    Raises nothing. A logging handler may call it, and a signal handler.
    """
    run = own_run()
    if run is None:
        return
    with reporting:
        try:
            line = to_json(str(text)[:MAX_TEXT])
        except Exception:
            _complain(run)
        else:
            _append(run, Description("log", {"data": line}))


def _append(run: Run, description: Description) -> None:
    with reporting:
        try:
            run.backend.append_event(run.request, description)
        except Exception:
            _complain(run)
