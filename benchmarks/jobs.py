"""The Celery worker of the benchmarks that need one.

python -m benchmarks.jobs BROKER RESULT_BACKEND PROCESSES
"""

from __future__ import annotations

import sys
import time
from typing import Any

import redis
from celery import Celery

JOB = "benchmarks.report"
#: A task of a canvas; it does nothing.
MEMBER = "benchmarks.member"
#: A job waits for an item of this list, so that all begin together.
GATE = "benchmarks:gate"
#: Seconds that a job waits there.
PATIENCE = 120


def _member() -> None:
    """All that a canvas costs is Celery's and ours."""


def jobs_app(broker: str, result_backend: str) -> Celery:
    """A job that tells how far it is, ``rate`` times a second, and one that does nothing."""
    app = Celery("benchmarks", broker=broker, backend=result_backend, set_as_current=False)
    app.conf.update(
        worker_prefetch_multiplier=1, broker_connection_retry_on_startup=True, worker_hijack_root_logger=False
    )
    gate = redis.Redis.from_url(broker)

    def report(self: Any, total: int, rate: float) -> None:
        if gate.blpop([GATE], timeout=PATIENCE) is None:
            raise TimeoutError("nobody opened the gate")
        began = time.monotonic()
        for current in range(1, total + 1):
            time.sleep(max(began + current / rate - time.monotonic(), 0))
            self.update_state(
                state="PROGRESS", meta={"current": current, "total": total, "sent": time.time()}
            )

    app.task(name=JOB, bind=True, shared=False)(report)
    app.task(name=MEMBER, shared=False)(_member)
    return app


if __name__ == "__main__":
    broker, result_backend, processes = sys.argv[1:]
    options = ("--concurrency", processes, "--loglevel", "WARNING", "--without-gossip", "--without-mingle")
    jobs_app(broker, result_backend).worker_main(["worker", *options])
