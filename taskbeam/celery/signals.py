"""What Celery never stores, heard from its signals: a task was sent, a run began, a retry is due.

The handlers serve every Celery application of the process and act only for those whose backend is
ours. None of them ever breaks a job.
"""

from __future__ import annotations

import sys
from contextvars import ContextVar
from dataclasses import replace
from functools import wraps
from typing import TYPE_CHECKING, Any
from weakref import ref

from celery import current_app
from celery import signals as celery_signals

from taskbeam.background.logger import logger_for
from taskbeam.celery.cached_properties import readable_in_children
from taskbeam.celery.canvas import Canvas
from taskbeam.celery.cold_shutdown import is_cold, tell_pool
from taskbeam.celery.group_sizes import hear_of_groups
from taskbeam.celery.groups import groups_named
from taskbeam.celery.inspection import answer_inspection
from taskbeam.celery.journal import Journal
from taskbeam.celery.kept_ends import kept_ends
from taskbeam.celery.labels import absent_sender, labels_of
from taskbeam.celery.message_ttl import stay_until_received
from taskbeam.celery.replacement import note_replacement, replaced_run
from taskbeam.celery.retry_limit import hear_retries
from taskbeam.celery.revocation import guard_starts
from taskbeam.celery.route import queue_of
from taskbeam.celery.run import Run, begin_run, current_run, due, end_run
from taskbeam.celery.soft_limit import hold_limits_back
from taskbeam.celery.undecodable import report_undecodable, watch_decode_errors
from taskbeam.celery.unfollowed import begin_unfollowed, end_unfollowed
from taskbeam.celery.unsent import guard_sending, message_is_published, pending_is_told
from taskbeam.celery.unstored_ends import ignores_result, report_unstored_end
from taskbeam.celery.untold_feeds import untold_feeds
from taskbeam.journal import events
from taskbeam.journal.describe import Description
from taskbeam.journal.labels import HEADER
from taskbeam.presence.presence import presence
from taskbeam.tracing.current import trace_message

if TYPE_CHECKING:
    from collections.abc import Callable

    from celery import Celery

logger = logger_for(__name__)

_CONTEXT = "taskbeam_context"

#: Seconds that a process which stops waits for Redis to take the ends that it has kept.
STOP_WAIT = 30.0

#: The same for a process of a pool that is stopped by a signal.
SIGNAL_WAIT = 5.0

#: Seconds that it waits for a cluster to take what feeds are still to be told.
FEEDS_WAIT = 5.0

#: Billiard's codes for a process that was asked to return, and for one that has done its number of tasks.
_ORDERLY = (0, 0x9B)


#: The task that this thread is sending and the backend of its application, which the signal does not name.
_sending: ContextVar[tuple[str, Journal] | None] = ContextVar("taskbeam_sending", default=None)


def connect(app: Celery) -> None:
    """Connect the handlers for the application; connecting them again changes nothing."""
    readable_in_children(type(app), type(app.amqp))
    guard_starts(app)
    guard_sending(app)
    hear_retries()
    hear_of_groups(app)
    _apps[:] = [known for known in _apps if known() not in (None, app)] + [ref(app)]
    celery_signals.before_task_publish.connect(_task_is_sent, dispatch_uid="taskbeam.sent")
    celery_signals.after_task_publish.connect(_task_was_sent, dispatch_uid="taskbeam.was_sent")
    celery_signals.task_prerun.connect(_run_begins, dispatch_uid="taskbeam.begins")
    celery_signals.task_postrun.connect(_run_ends, dispatch_uid="taskbeam.ends")
    celery_signals.task_rejected.connect(_message_is_refused, dispatch_uid="taskbeam.refused")
    celery_signals.worker_ready.connect(_worker_is_ready, dispatch_uid="taskbeam.ready")
    celery_signals.worker_process_shutdown.connect(_process_stops, dispatch_uid="taskbeam.process_stops")
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
    stay_until_received(headers, route["properties"])
    run = current_run()
    sender_request = run.request if run is not None else absent_sender()
    labels = labels_of(headers, sender_request, body, journal.options.labels_of)
    if header := labels.header(groups_named(headers.get("group"), headers.get("group_index"))):
        headers[HEADER] = header
    trace = trace_message(headers)
    if headers.get("retries") and run is not None and run.request.id == task_id:
        run.note_retry(headers.get("eta"))
        return
    note_replacement(headers, run)
    if run is not None and run.request.id != task_id:
        # The last part of a chain, or of a chord, which a task has replaced itself with.
        _tell_replaced(journal, task_id, headers)
    canvas = Canvas(task_id, body[2], headers.get("group_index"))
    if trace:
        labels = replace(labels, trace=trace)
    eta = headers.get("eta")
    # A task with an ETA takes no ticket: it is not in line before its time.
    queue = "" if eta else queue_of(**route)
    if journal.append_pending(task_id, sender, canvas, due(eta) if eta else None, queue, labels):
        pending_is_told(task_id, journal)


@_harmless
def _task_was_sent(**_: Any) -> None:
    message_is_published()


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
        presence.consumer = sender if backend.watches_runs else None
        presence.stay()
        backend.be_present()
        tell_pool(sender.pool)
        answer_inspection()
        watch_decode_errors(sender, backend)
        # Nothing was consumed yet; a worker that was away did not hear the revocations.
        revoked = revoked_tasks()
        for task_id in backend.load_cancelled():
            revoked.add(task_id)
        backend.publish_schemas()
        backend.warn_of_eviction()


@_harmless
def _message_is_refused(sender: Any, message: Any, **_: Any) -> None:
    backend = sender.app.backend
    if isinstance(backend, Journal):
        report_undecodable(backend, message)


@_harmless
def _process_stops(exitcode: int = 0, **_: Any) -> None:
    # Any other code says that it is stopped by a signal: the pool shrinks, or the shutdown is cold.
    kept_ends.drain(STOP_WAIT if exitcode in _ORDERLY else SIGNAL_WAIT, is_cold)
    untold_feeds.drain(FEEDS_WAIT, is_cold)


@_harmless
def _worker_stops(**_: Any) -> None:
    kept_ends.drain(STOP_WAIT, is_cold)
    untold_feeds.drain(FEEDS_WAIT, is_cold)
    presence.end()


@_harmless
def _run_begins(task: Any, **_: Any) -> None:
    journal = task.backend
    request = task.request
    if not isinstance(journal, Journal) or (request.is_eager and not journal.follow_eager(task)):
        begin_unfollowed(request)
        return
    journal.be_present()
    hold_limits_back()
    run = Run(task, request, journal, journal.options.interval, redelivered=task.acks_late)
    presence.run_begins()
    setattr(request, _CONTEXT, begin_run(run))
    _tell_replaced(journal, request.id, request.headers)
    if request.is_eager or ignores_result(task, request) or not task.track_started:
        journal.append_event(request, Description("state"), events.STARTED)


def _tell_replaced(journal: Journal, task_id: str, headers: object) -> None:
    """If the run that this task takes the place of has not told so itself."""
    if run := replaced_run(headers, task_id):
        journal.append_replaced(task_id, run)


@_harmless
def _run_ends(task: Any, state: str | None = None, retval: Any = None, **_: Any) -> None:
    request = task.request
    end_unfollowed(request)
    around = request.__dict__.pop(_CONTEXT, None)
    if around is None:
        return
    try:
        report_unstored_end(task, request, state, retval)
    finally:
        # Of a run that Celery breaks off it stores a FAILURE next.
        end_run(around, breaks_off=sys.exception() is not None)
        presence.run_ends()
