"""Those of `tests.support.jobs`, and one that runs again when its process is lost."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from tests.support.jobs import digest, jobs_app

if TYPE_CHECKING:
    from celery import Celery


def struck_app(broker: str, backend: str) -> Celery:
    """The application. Its workers take a process for lost after a second, and not after ten."""
    app = jobs_app(broker, backend)
    app.conf.worker_lost_wait = 1.0
    app.task(name="jobs.again", bind=True, acks_late=True, reject_on_worker_lost=True)(digest)
    return app


def __getattr__(name: str) -> Celery:
    """``celery -A tests.feeds.jobs``: made when a worker asks for it, not at import."""
    if name == "app":
        return struck_app(os.environ["JOBS_BROKER"], os.environ["JOBS_BACKEND"])
    raise AttributeError(name)
