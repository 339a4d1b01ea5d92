"""The ends that Celery does not store: of tasks that ignore their result, reject, are ignored, or exit."""

from __future__ import annotations

import sys
from functools import cache
from typing import TYPE_CHECKING, Any

from billiard.exceptions import WorkerLostError
from billiard.process import current_process
from celery.exceptions import Retry

from taskbeam.background.log_fields import about
from taskbeam.background.logger import logger_for
from taskbeam.celery.revocation import tell_revoked
from taskbeam.celery.run import Cancelled, run_of
from taskbeam.journal import events
from taskbeam.journal.describe import Description, describe
from taskbeam.journal.entry import new_token
from taskbeam.journal.failures import REJECTED, REVOKED, Failure, error_member, failure_of

if TYPE_CHECKING:
    from collections.abc import Callable

logger = logger_for(__name__)


def ignores_result(task: Any, request: Any) -> bool:
    """Whether Celery's tracer takes the run for one whose result is ignored, and so stores no STARTED.

    Of the end this says too little: before Celery 5.6 the tracer goes by the task alone, and what stores a
    SUCCESS by the message, too.
    """
    rule = _celerys_rule()
    return bool(task.ignore_result if rule is None else rule(task, request))


@cache
def _celerys_rule() -> Callable[[Any, Any], bool] | None:
    from celery.app import trace  # whoever only sends tasks does not load it

    return getattr(trace, "get_actual_ignore_result", None)  # since 5.6


def report_unstored_end(task: Any, request: Any, state: str | None, retval: Any) -> None:
    """Tell the end of a run, where Celery does not; ``state`` and ``retval`` are those of `task_postrun`."""
    _tell(task, request, state, retval)
    if state != events.SUCCESS:
        task.backend.dependents.end(request.id, request)


def _tell(task: Any, request: Any, state: str | None, retval: Any) -> None:
    run = run_of(request)
    if isinstance(retval, Cancelled):
        _tell_cancelled(task, request)
    elif state == events.IGNORED and run is not None and run.replaced:
        _tell_back(task, "replaced", waiting=True)
    elif state == events.IGNORED:
        _tell_end(task, events.IGNORED)
    elif state == events.REJECTED and retval.requeue and task.acks_late:
        # A message that was acknowledged early cannot go back: then it is rejected for good.
        _tell_back(task, "requeued")
    elif state == events.REJECTED:
        _tell_end(task, events.REJECTED, REJECTED)
    elif state is None and current_process().name == "MainProcess":
        _store_raised(task, request, sys.exception())
    elif run is not None and run.stored_end == state:
        return
    elif state == events.SUCCESS and (sys.exception() is None or ignores_result(task, request)):
        # Else Celery has broken off, for it could not send what follows the task, and stores a FAILURE next.
        _tell_end(task, events.SUCCESS)
    elif state in (events.FAILURE, events.RETRY):
        _tell_unstored_failure(task, request, state, retval)


def _store_raised(task: Any, request: Any, error: BaseException | None) -> None:
    """Celery's threads and solo pools store nothing when a task exits the interpreter.

    Nor does Celery store what an eager task raises in its caller (`task_eager_propagates`).
    """
    if isinstance(error, Retry):
        task.backend.mark_as_retry(request.id, error.exc, request=request)
        return
    result = error if isinstance(error, Exception) else WorkerLostError("The task exited.")
    task.backend.store_result(request.id, result, events.FAILURE, request=request)


def _tell_cancelled(task: Any, request: Any) -> None:
    run, stored = run_of(request), not ignores_result(task, request)
    if run is not None and run.revoked:
        tell_revoked(task, request, stored=stored)
        return
    task.backend.mark_as_revoked(request.id, "cancelled", request=request, store_result=stored)
    if not stored:
        _tell_end(task, events.REVOKED, REVOKED)


def _tell_back(task: Any, why: str, **fields: Any) -> None:
    """The run is over, and the task waits for another one."""
    description = Description("state", {why: "true"})
    task.backend.append_event(task.request, description, events.PENDING, ends_run=True, **fields)


def _tell_unstored_failure(task: Any, request: Any, state: str, retval: Any) -> None:
    failure, ref = failure_of(retval, task.backend.options.public_errors), new_token()
    run = run_of(request)
    description = describe(state, None, failure, ref, run.retry if run else None)
    fields = {"final": state == events.FAILURE, "ends_run": state == events.RETRY}
    task.backend.append_event(request, description, state, **fields)
    said = (request.id, state, failure.code, ref)
    logger.warning("Task %s: reported %s (%s), ref %s", *said, extra=about(task_id=request.id, ref=ref))


def _tell_end(task: Any, state: str, failure: Failure | None = None) -> None:
    members = error_member(failure, new_token()) if failure else {}
    task.backend.append_event(task.request, Description("state", members), state, final=True)
