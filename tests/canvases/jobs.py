"""The tasks of the canvases. An application as anybody has it: nothing here knows of trees or groups."""

from __future__ import annotations

import os
import time
from typing import Any

from celery import Celery, chain, chord, group


def jobs_app(broker: str, backend: str) -> Celery:
    app = Celery("canvases", broker=broker, backend=backend, set_as_current=False)
    app.conf.update(
        worker_prefetch_multiplier=1,
        worker_hijack_root_logger=False,
        broker_connection_retry_on_startup=True,
        result_chord_join_timeout=30,
    )
    for job in (one, total, fails, sleeps, told, inline):
        app.task(name=job.__name__)(job)
    for job in (flaky, replaces, adds, sends):
        app.task(name=job.__name__, bind=True, max_retries=2)(job)
    return app


def one(*_: Any) -> int:
    return 1


def total(numbers: Any = None) -> int:
    return len(numbers or ())


def fails(*_: Any) -> None:
    raise ValueError("planted")


def sleeps() -> None:
    """Until its time limit."""
    time.sleep(60)


def told(task_id: str) -> str:
    """An errback that is sent."""
    return task_id


def inline(request: Any, error: Any, trace: Any) -> None:
    """An errback that is called."""


def flaky(self: Any, *_: Any) -> int:
    if not self.request.retries:
        raise self.retry(countdown=0)
    return 1


def shapes(app: Celery) -> dict[str, Any]:
    """What a task replaces itself with, or sends."""
    part = app.signature("one", immutable=True)
    return {
        "task": part.clone(),
        "chain": chain(part.clone(), part.clone(), app=app),
        "group": group([part, part], app=app),
        "chord": chord([part, part], app.signature("total"), app=app),
    }


def replaces(self: Any, *what: Any) -> Any:
    return self.replace(shapes(self.app)[what[-1]])


def adds(self: Any, *_: Any) -> int:
    self.add_to_chord(self.app.signature("one", immutable=True))
    return 1


def sends(self: Any, *what: Any) -> int:
    for each in what:
        shapes(self.app)[each].apply_async()
    return 1


def __getattr__(name: str) -> Celery:
    """``celery -A tests.canvases.jobs``: made when a worker asks for it, not at import."""
    if name == "app":
        return jobs_app(os.environ["JOBS_BROKER"], os.environ["JOBS_BACKEND"])
    raise AttributeError(name)
