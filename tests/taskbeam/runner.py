"""Runs what an application has sent, message by message in this thread: a worker without surprises."""

from __future__ import annotations

from queue import Empty
from typing import TYPE_CHECKING, Any

from celery import _state
from celery.app.trace import build_tracer

if TYPE_CHECKING:
    from celery import Celery


def run_all(app: Celery) -> int:
    """Run all messages, and those that are sent meanwhile; returns how many there were."""
    state: Any = _state
    before = state._tls.current_app
    app.set_current()  # as in a worker; what a canvas brings has no application of its own
    try:
        return _run_all(app)
    finally:
        state._set_current_app(before)


def _run_all(app: Celery) -> int:
    ran = 0
    untyped: Any = app
    with (
        untyped.connection_for_read() as connection,
        connection.SimpleQueue(app.conf.task_default_queue) as queue,
    ):
        while True:
            try:
                message = queue.get(block=False)
            except Empty:
                return ran
            _run(app, message)
            message.ack()
            ran += 1


def _run(app: Celery, message: Any) -> None:
    args, kwargs, embed = message.payload
    headers = message.headers
    task = app.tasks[headers["task"]]
    request = {**headers, **embed, "args": args, "kwargs": kwargs, "is_eager": False, "delivery_info": {}}
    build_tracer(task.name, task, app=app)(headers["id"], args, kwargs, request)
