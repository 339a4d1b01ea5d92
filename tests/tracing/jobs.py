"""Traced jobs: ``celery -A tests.tracing.jobs``, whose runs are spans by OpenTelemetry's instrumentation."""

from __future__ import annotations

import os
from typing import Any

from celery import Celery
from celery.signals import worker_process_init
from opentelemetry import trace
from opentelemetry.instrumentation.celery import CeleryInstrumentor

from tests.tracing.spans import provider_writing_to


def traced_app() -> Celery:
    app = Celery("traced", broker=os.environ["JOBS_BROKER"], backend=os.environ["JOBS_BACKEND"])
    app.conf.update(task_track_started=True, broker_connection_retry_on_startup=True)
    app.task(name="traced.add", bind=True)(add)
    app.task(name="traced.broken")(broken)
    return app


def add(self: Any, left: int, right: int) -> int:
    self.update_state(state="PROGRESS", meta={"current": 1, "total": 1})
    return left + right


def broken() -> None:
    raise ValueError("broken on purpose")


def _trace(**_: Any) -> None:
    # In the child: the SDK's threads do not outlive a fork.
    trace.set_tracer_provider(provider_writing_to(os.environ["SPANS"], "worker"))
    CeleryInstrumentor().instrument()  # type: ignore[no-untyped-call]


def __getattr__(name: str) -> Celery:
    """Made when a worker asks for it, not at import."""
    if name == "app":
        worker_process_init.connect(_trace, weak=False)
        return traced_app()
    raise AttributeError(name)
