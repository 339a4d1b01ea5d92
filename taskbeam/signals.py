"""What Celery never stores, heard from its signals: a task was sent, a run began, a retry is due.

The handlers serve every Celery application of the process and act only for those whose backend is
ours. None of them ever breaks a job.
"""

from __future__ import annotations

import logging
from contextvars import ContextVar
from datetime import UTC, datetime
from functools import wraps
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from celery import current_app
from celery import signals as celery_signals

from taskbeam import events
from taskbeam.describe import Description
from taskbeam.encode import to_json
from taskbeam.run import begin_run, current_run, due, end_run, note_retry

if TYPE_CHECKING:
    from collections.abc import Callable

logger = logging.getLogger(__name__)

_CONTEXT = "taskbeam_context"


@runtime_checkable
class Journal(Protocol):
    """The part of the backend that the handlers need."""

    def append_pending(
        self, task_id: str, name: str, delay: float = 0.0, members: dict[str, str] | None = None
    ) -> None: ...

    def append_event(self, request: Any, description: Description, state: str = "") -> None: ...


#: The task that this thread is sending and the backend of its application, which the signal does not name.
_sending: ContextVar[tuple[str, Journal] | None] = ContextVar("taskbeam_sending", default=None)


def connect() -> None:
    """Connect the handlers; connecting them again changes nothing."""
    celery_signals.before_task_publish.connect(_task_is_sent, dispatch_uid="taskbeam.sent")
    celery_signals.task_prerun.connect(_run_begins, dispatch_uid="taskbeam.begins")
    celery_signals.task_postrun.connect(_run_ends, dispatch_uid="taskbeam.ends")


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
def _task_is_sent(sender: str, headers: dict[str, Any], **_: Any) -> None:
    task_id = headers.get("id")
    if task_id is None:  # message protocol 1
        return
    journal = _journal_of(task_id)
    if journal is None:
        return
    running = current_run()
    if headers.get("retries") and running is not None and running.request.id == task_id:
        note_retry(running.request, headers.get("eta"))
        return
    eta = headers.get("eta")
    if eta is None:
        journal.append_pending(task_id, sender)
    else:
        at = due(eta)
        delay = (at - datetime.now(UTC)).total_seconds()
        journal.append_pending(task_id, sender, max(delay, 0.0), {"eta": to_json(at)})


def _journal_of(task_id: str) -> Journal | None:
    noted = _sending.get()
    if noted is not None and noted[0] == task_id:
        return noted[1]
    # Celery does not tell the backend of a task that ignores its result.
    backend = current_app.backend
    return backend if isinstance(backend, Journal) else None


@_harmless
def _run_begins(task: Any, **_: Any) -> None:
    journal = task.backend
    if not isinstance(journal, Journal):
        return
    request = task.request
    setattr(request, _CONTEXT, begin_run(task, request))
    stored_by_celery = task.track_started and not (task.ignore_result or request.ignore_result)
    if not stored_by_celery and not request.is_eager:
        journal.append_event(request, Description("state"), events.STARTED)


@_harmless
def _run_ends(task: Any, **_: Any) -> None:
    token = task.request.__dict__.pop(_CONTEXT, None)
    if token is not None:
        end_run(token)
