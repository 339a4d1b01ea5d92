"""The run: one execution of a task in this process."""

from __future__ import annotations

import threading
import time
from contextvars import ContextVar
from datetime import datetime
from typing import TYPE_CHECKING, Any

from celery.exceptions import Ignore
from celery.utils.time import maybe_make_aware

from taskbeam.celery.coalesce import Coalescer
from taskbeam.journal.describe import Retry
from taskbeam.journal.entry import Registration, new_token
from taskbeam.journal.pace import Pace
from taskbeam.presence.presence import presence

if TYPE_CHECKING:
    from contextvars import Token

_ATTRIBUTE = "taskbeam_run"


class Cancelled(Ignore):
    """Raised by `progress()` in a task that somebody cancelled: clean up and let it pass.

    An `Ignore`, so that Celery neither retries nor fails the task; it ends as REVOKED.
    """


class Run:
    """What is known of an execution while it goes on; lives on Celery's request."""

    def __init__(self, task: Any, request: Any, backend: Any, interval: float, *, redelivered: bool) -> None:
        """``redelivered``: the broker delivers the task again if its worker dies."""
        self.task = task
        self.request = request
        self.backend = backend
        self.id = new_token()
        self.registration = presence.register(request.id, self.id, redelivered=redelivered)
        self.progress = Coalescer(interval, time.monotonic)
        self.lock = threading.RLock()
        self.thread = threading.get_ident()
        self.began = time.monotonic()
        self.pace = Pace(self.began)
        self.cancelled = False
        # By another task under the same id: Celery ends this run with an `Ignore`, but not the task.
        self.replaced = False
        self.retry: Retry | None = None

    def elapsed(self) -> float:
        """Seconds since it began."""
        return time.monotonic() - self.began

    def remaining(self, current: float, total: float) -> float | None:
        """Note a report; returns about how many seconds are left, None while there is not enough to go by."""
        return self.pace.remaining(current, total, time.monotonic())

    def note_retry(self, eta: str | None) -> None:
        """Keep when the retry is due (ISO 8601), which Celery tells only while it sends the message."""
        now = time.time()
        at = due(eta).timestamp() if eta else now
        self.retry = Retry(at=round(at, 3), delay=round(max(at - now, 0.0), 3), max=self.task.max_retries)


def due(eta: str) -> datetime:
    """When an ETA (ISO 8601) is; without an offset it is UTC, as a worker reads it."""
    return maybe_make_aware(datetime.fromisoformat(eta))


#: A context variable, so that `asyncio.to_thread` and asyncio tasks see it too; Celery's own
#: `current_task` is bound to the thread.
_current: ContextVar[Run | None] = ContextVar("taskbeam_run", default=None)

#: The run that this code is part of; None outside a task.
current_run = _current.get


def begin_run(run: Run) -> Token[Run | None]:
    """Make the run known to its request and current in its context."""
    setattr(run.request, _ATTRIBUTE, run)
    return _current.set(run)


def end_run(token: Token[Run | None]) -> None:
    """Make the outer run, if there is one, the current one again."""
    _current.reset(token)


def run_of(request: Any) -> Run | None:
    """The request's run; None where another writes (the worker's main process, another task)."""
    return getattr(request, _ATTRIBUTE, None)


def registration_of(run: Run | None) -> Registration | None:
    """Where the writer's run is registered; None outside a worker."""
    return run.registration if run else presence.registration()
