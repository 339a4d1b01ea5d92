"""A task that was revoked does not run, whether or not its worker has heard of the revocation.

Celery's own revocations are broadcast to the workers that listen at that moment. The journal has them, too,
so a run hears of one when it begins: what it writes is answered by `Verdict.REVOKED`. After that Celery calls
the task's `before_start`, and then its code. The run ends in between.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from celery import signals
from celery.app.task import Task

from taskbeam.background.log_fields import about
from taskbeam.background.logger import logger_for
from taskbeam.celery.run import Cancelled, forget_run, run_of
from taskbeam.journal import events
from taskbeam.journal.describe import Description
from taskbeam.journal.entry import new_token
from taskbeam.journal.failures import REVOKED, error_member

if TYPE_CHECKING:
    from celery import Celery

logger = logger_for(__name__)


def guard_starts(app: Celery) -> None:
    """Let the tasks of the application look before they start; called before Celery builds their tracers."""
    _guard(Task)
    if getattr(app, "use_fast_trace_task", False):  # in a worker: all tasks are known
        for task in app.tasks.values():
            _guard(next(kind for kind in type(task).__mro__ if "before_start" in vars(kind)))


def _guard(kind: Any) -> None:
    """``kind``: the class that defines the `before_start` of its tasks."""
    start: Any = vars(kind)["before_start"]
    if getattr(start, "__module__", "") == __name__:
        return

    # Celery leaves out the one of its own `Task`, and knows it by its module: so it has to be ours.
    def before_start(self: Any, task_id: str, args: Any, kwargs: Any) -> None:
        run = run_of(self.request)
        if run is not None and run.revoked:
            raise Cancelled
        start.__get__(self, type(self))(task_id, args, kwargs)

    kind.before_start = before_start


def tell_revoked(task: Any, request: Any, *, stored: bool) -> None:
    """End a run that was not wanted as Celery ends the tasks that it discards: the run never was.

    ``stored``: Celery keeps the task's result.
    """
    forget_run(request)
    logger.info("Discarding revoked task: %s[%s]", task.name, request.id, extra=about(task_id=request.id))
    task.backend.mark_as_revoked(request.id, "revoked", request=request, store_result=stored)
    if not stored:
        description = Description("state", error_member(REVOKED, new_token()))
        task.backend.append_event(request, description, events.REVOKED, final=True)
    signals.task_revoked.send(sender=task, request=request, terminated=False, signum=None, expired=False)
