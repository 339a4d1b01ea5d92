"""Stock Celery jobs, without an import of ours: what an existing application has."""

from __future__ import annotations

import hashlib
import os
from typing import Any

from celery import Celery


def jobs_app(broker: str, backend: str) -> Celery:
    """The application; only the backend's URL tells ours from a stock one."""
    app = Celery("jobs", broker=broker, backend=backend)
    app.conf.update(
        task_track_started=True,
        broker_connection_retry_on_startup=True,
        worker_prefetch_multiplier=1,
        worker_hijack_root_logger=False,
    )
    app.task(name="jobs.digest", bind=True)(digest)
    app.task(name="jobs.add")(add)
    app.task(name="jobs.total")(total)
    app.task(name="jobs.flaky", bind=True, max_retries=2)(flaky)
    app.task(name="jobs.broken")(broken)
    return app


def digest(self: Any, rounds: int) -> str:
    """Hash in rounds, each one reported."""
    found = b""
    for current in range(1, rounds + 1):
        found = hashlib.pbkdf2_hmac("sha256", found, b"taskbeam", 200)
        self.update_state(
            state="PROGRESS", meta={"current": current, "total": rounds, "message": f"Round {current}"}
        )
    return found.hex()


def add(left: int, right: int) -> int:
    return left + right


def total(numbers: list[int]) -> int:
    return sum(numbers)


def flaky(self: Any) -> str:
    """Fails once."""
    if self.request.retries == 0:
        raise self.retry(exc=ConnectionError("planted-secret"), countdown=0.1)
    return "done"


def broken() -> None:
    raise ValueError("planted-secret")


def __getattr__(name: str) -> Celery:
    """``celery -A tests.support.jobs``: made when a worker asks for it, not at import."""
    if name == "app":
        return jobs_app(os.environ["JOBS_BROKER"], os.environ["JOBS_BACKEND"])
    raise AttributeError(name)
