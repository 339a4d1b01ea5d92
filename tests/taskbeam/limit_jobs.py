"""An application that has configured its journals otherwise than a gateway would by itself."""

from __future__ import annotations

import os
from typing import Any

import redis
from celery import Celery

DAY = 24 * 3600
LIMIT, KEEP, EXPIRES, FAILURE_EXPIRES = 5000, 30 * DAY, 7 * DAY, 3 * DAY

#: Seconds after which its workers are taken for gone; one that is slow because the machine is busy is not.
LEASE = 60

#: Seconds; a gate that no test opens fails the task.
GATE_TIMEOUT = 120


def limits_app(broker: str, backend: str) -> Celery:
    app = Celery("limits", broker=broker, backend=backend, set_as_current=False)
    app.conf.update(
        broker_connection_retry_on_startup=True,
        worker_hijack_root_logger=False,
        result_expires=EXPIRES,
        result_failure_expires=FAILURE_EXPIRES,
        taskbeam_options={"limit": LIMIT, "keep": KEEP, "lease": LEASE},
    )
    app.task(name="limits.report", bind=True, shared=False)(report)
    return app


def report(self: Any, count: int) -> None:
    """Report so many times, and wait for its gate."""
    for current in range(1, count + 1):
        self.update_state(state="PROGRESS", meta={"current": current})
    with redis.Redis.from_url(self.app.conf.broker_url, socket_timeout=None) as broker:
        broker.blpop([f"gate:{self.request.id}"], timeout=GATE_TIMEOUT)


def __getattr__(name: str) -> Celery:
    """``celery -A tests.taskbeam.limit_jobs``: made when a worker asks for it, not at import."""
    if name == "app":
        return limits_app(os.environ["JOBS_BROKER"], os.environ["JOBS_BACKEND"])
    raise AttributeError(name)
