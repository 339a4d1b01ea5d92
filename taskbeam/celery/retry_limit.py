"""How often a task may be retried: each call of `Task.retry` may say so, for itself alone.

Celery keeps what a call has said on the task, which runs in other threads and runs again, and leaves it there
for calls that say nothing. So whoever asks while the message is sent has to have heard the call itself.
"""

from __future__ import annotations

from functools import wraps
from typing import Any

from celery.app.task import Task

from taskbeam.celery.run import run_of


def hear_retries() -> None:
    """Let the run of a task know with what limit it is retried; hearing it again changes nothing."""
    kind: Any = Task
    ask = kind.retry
    if ask.__module__ == __name__:
        return

    # As Celery's own, whose arguments may be given by position.
    @wraps(ask, assigned=("__name__", "__qualname__", "__doc__"))
    def retry(
        self: Any,
        args: Any = None,
        kwargs: Any = None,
        exc: Any = None,
        throw: bool = True,
        eta: Any = None,
        countdown: float | None = None,
        max_retries: int | None = None,
        **options: Any,
    ) -> Any:
        run = run_of(self.request)
        if run is not None:
            run.max_retries = self.max_retries if max_retries is None else max_retries
        return ask(self, args, kwargs, exc, throw, eta, countdown, max_retries, **options)

    kind.retry = retry
