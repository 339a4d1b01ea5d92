"""A run in this thread, as a worker begins it."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING
from uuid import uuid4

from celery.app.task import Context

from taskbeam.celery.run import Run, begin_run, end_run

from .apps import ours

if TYPE_CHECKING:
    from collections.abc import Iterator

    from celery import Celery


@contextmanager
def running(app: Celery) -> Iterator[str]:
    """It goes on until the block ends; its task's id."""
    task_id = str(uuid4())
    request = Context(id=task_id, task="tests.talks")
    token = begin_run(Run(None, request, ours(app), interval=0.1, redelivered=False))
    try:
        yield task_id
    finally:
        end_run(token)
