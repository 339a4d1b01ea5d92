"""A task that is traced here as a worker does it, without one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

from celery.app.trace import build_tracer

if TYPE_CHECKING:
    from collections.abc import Callable

    from celery import Celery


def traced(app: Celery, job: Callable[..., Any], header: dict[str, Any] | None = None, **options: Any) -> str:
    """Run the job to its end; the id of its task.

    ``header``: what the message says beside the ids; ``options``: of the task.
    """
    define: Any = app.task(name=f"traced.{uuid4()}", shared=False, **options)
    task = define(job)
    task_id = str(uuid4())
    request = {"id": task_id, "task": task.name, "delivery_info": {}, **(header or {})}
    trace: Any = build_tracer(task.name, task, app=app)
    trace(task_id, (), {}, request)
    return task_id
