"""The run: one execution of a task, known by an id that lives on Celery's request."""

from __future__ import annotations

import time
from contextvars import ContextVar
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from celery.utils.time import maybe_make_aware

from taskbeam.describe import Retry
from taskbeam.journal.entry import new_token

if TYPE_CHECKING:
    from contextvars import Token

_RUN = "taskbeam_run"
_ETA = "taskbeam_retry_eta"


class Running(NamedTuple):
    """The task that runs here, and its request."""

    task: Any
    request: Any


#: A context variable, so that `asyncio.to_thread` and asyncio tasks see it too; Celery's own
#: `current_task` is bound to the thread.
_running: ContextVar[Running | None] = ContextVar("taskbeam_running", default=None)


def begin_run(task: Any, request: Any) -> Token[Running | None]:
    """Give the request a run id and make it the current one."""
    setattr(request, _RUN, new_token())
    return _running.set(Running(task, request))


def end_run(token: Token[Running | None]) -> None:
    """Make the outer run, if there is one, the current one again."""
    _running.reset(token)


def current_run() -> Running | None:
    """The run that this code is part of; None outside a task."""
    return _running.get()


def run_id(request: Any) -> str:
    """The run's id; '' where the writer is not the run itself (the worker's main process, another task)."""
    return getattr(request, _RUN, None) or ""


def note_retry(request: Any, eta: str | None) -> None:
    """Keep when the run's retry is due (ISO 8601), which Celery tells only while it sends the message."""
    setattr(request, _ETA, eta)


def due(eta: str) -> datetime:
    """When an ETA (ISO 8601) is; without an offset it is UTC, as a worker reads it."""
    return maybe_make_aware(datetime.fromisoformat(eta))


def retry_of(request: Any) -> Retry | None:
    """When the run's retry is due; None where nobody noted it (the worker's main process)."""
    running = current_run()
    if request is None or not hasattr(request, _ETA):
        return None
    eta, now = getattr(request, _ETA), time.time()
    at = due(eta).timestamp() if eta else now
    limit = running.task.max_retries if running else None
    return Retry(at=round(at, 3), delay=round(max(at - now, 0.0), 3), max=limit)
