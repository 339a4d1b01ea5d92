"""What Celery never stores, heard from its signals: a task was sent, a run began, a retry is due.

The handlers serve every Celery application of the process and act only for those whose backend is
ours. None of them ever breaks a job.
"""

from __future__ import annotations

import logging
from contextvars import ContextVar
from functools import wraps
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable
from weakref import ref

from celery import current_app
from celery import signals as celery_signals

from taskbeam.celery.canvas import Canvas
from taskbeam.celery.labels import labels_of
from taskbeam.celery.route import queue_of
from taskbeam.celery.run import Run, begin_run, current_run, due, end_run
from taskbeam.celery.undecodable import report_undecodable, watch_decode_errors
from taskbeam.celery.unstored_ends import keeps_result, report_unstored_end
from taskbeam.journal import events
from taskbeam.journal.describe import Description
from taskbeam.journal.labels import HEADER
from taskbeam.presence.presence import presence

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from celery import Celery

    from taskbeam.celery.options import Options
    from taskbeam.journal.labels import Labels

logger = logging.getLogger(__name__)

_CONTEXT = "taskbeam_context"


@runtime_checkable
class Journal(Protocol):
    """The part of the backend that the handlers need."""

    options: Options

    def append_pending(
        self,
        task_id: str,
        name: str,
        canvas: Canvas,
        eta: datetime | None = None,
        queue: str = "",
        labels: Labels | None = None,
    ) -> None: ...

    def append_event(
        self, request: Any, description: Description, state: str = "", **fields: Any
    ) -> None: ...

    def be_present(self) -> None: ...

    def load_cancelled(self) -> list[str]: ...


#: The task that this thread is sending and the backend of its application, which the signal does not name.
_sending: ContextVar[tuple[str, Journal] | None] = ContextVar("taskbeam_sending", default=None)


def connect(app: Celery) -> None:
    """Connect the handlers for the application; connecting them again changes nothing."""
    _apps[:] = [known for known in _apps if known() not in (None, app)] + [ref(app)]
    celery_signals.before_task_publish.connect(_task_is_sent, dispatch_uid="taskbeam.sent")
    celery_signals.task_prerun.connect(_run_begins, dispatch_uid="taskbeam.begins")
    celery_signals.task_postrun.connect(_run_ends, dispatch_uid="taskbeam.ends")
    celery_signals.task_rejected.connect(_message_is_refused, dispatch_uid="taskbeam.refused")
    celery_signals.worker_ready.connect(_worker_is_ready, dispatch_uid="taskbeam.ready")
    celery_signals.worker_shutdown.connect(_worker_stops, dispatch_uid="taskbeam.stops")


#: The applications whose backend is ours, the newest last.
_apps: list[ref[Celery]] = []


def sending(task_id: str, journal: Journal) -> None:
    """Note whose task is about to be published."""
    _sending.set((task_id, journal))


def _harmless(handler: Callable[..., None]) -> Callable[..., None]:
    """Watching a job never breaks it: what goes wrong here is logged and over."""

    @wraps(handler)
    def guarded(*args: Any, **kwargs: Any) -> None:
        try:
            handler(*args, **kwargs)
        except Exception:
            logger.exception("Taskbeam's %s failed; the task goes on.", handler.__name__)

    return guarded


@_harmless
def _task_is_sent(sender: str, headers: dict[str, Any], body: Any, **route: Any) -> None:
    task_id = headers.get("id")
    if task_id is None:  # message protocol 1
        return
    journal = _journal_of(task_id, sender, headers)
    if journal is None:
        return
    run = current_run()
    labels = labels_of(headers, run.request.headers if run is not None else None)
    if header := labels.header():
        headers[HEADER] = header
    if headers.get("retries") and run is not None and run.request.id == task_id:
        run.note_retry(headers.get("eta"))
        return
    canvas = Canvas(task_id, body[2])
    if run is not None and run.request.id in canvas:
        run.replaced = True
    if headers.get("group_index") and not body[2].get("chain"):
        # Whatever waits for a chord's header was told with the first task of it.
        canvas.waiting.clear()
    eta = headers.get("eta")
    # A task with an ETA takes no ticket: it is not in line before its time.
    queue = "" if eta else queue_of(**route)
    journal.append_pending(task_id, sender, canvas, due(eta) if eta else None, queue, labels)


def _journal_of(task_id: str, name: str, headers: dict[str, Any]) -> Journal | None:
    noted = _sending.get()
    if noted is not None and noted[0] == task_id:
        return noted[1]
    if not headers.get("ignore_result"):
        return None  # of an application with another backend
    # Celery does not tell the backend of a task that ignores its result: look for whose task it is.
    apps = [app for app in (reference() for reference in _apps) if app is not None]
    knowing = [app for app in apps if name in app.tasks] or apps
    backend = knowing[-1].backend if knowing else current_app.backend
    return backend if isinstance(backend, Journal) else None


def revoked_tasks() -> Any:
    """The tasks that this worker is not to run. Who only sends tasks does not load Celery's worker."""
    from celery.worker.state import revoked

    return revoked


@_harmless
def _worker_is_ready(sender: Any, **_: Any) -> None:
    presence.solo = sender.pool.__class__.__module__.endswith(".solo")
    backend = sender.app.backend
    if isinstance(backend, Journal):
        presence.consumer = None if backend.options.sharded else sender
        backend.be_present()
        watch_decode_errors(sender, backend)
        # Nothing was consumed yet; a worker that was away did not hear the revocations.
        revoked = revoked_tasks()
        for task_id in backend.load_cancelled():
            revoked.add(task_id)


@_harmless
def _message_is_refused(sender: Any, message: Any, **_: Any) -> None:
    backend = sender.app.backend
    if isinstance(backend, Journal):
        report_undecodable(backend, message)


@_harmless
def _worker_stops(**_: Any) -> None:
    presence.end()


@_harmless
def _run_begins(task: Any, **_: Any) -> None:
    journal = task.backend
    request = task.request
    if not isinstance(journal, Journal) or request.is_eager:
        return
    journal.be_present()
    run = Run(task, request, journal, journal.options.interval, redelivered=task.acks_late)
    setattr(request, _CONTEXT, begin_run(run))
    if not (task.track_started and keeps_result(task)):
        journal.append_event(request, Description("state"), events.STARTED)


@_harmless
def _run_ends(task: Any, state: str | None = None, retval: Any = None, **_: Any) -> None:
    request = task.request
    token = request.__dict__.pop(_CONTEXT, None)
    if token is None:
        return
    try:
        report_unstored_end(task, request, state, retval)
    finally:
        end_run(token)
