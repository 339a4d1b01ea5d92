"""A Celery application whose whole configuration is given: the same for its worker and for the gateway."""

from __future__ import annotations

import json
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from celery import Celery

from .closing import close_app
from .worker import worker

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from stack.process import ManagedProcess

Configuration = dict[str, Any]


def configured_app(conf: Mapping[str, Any]) -> Celery:
    """``conf`` has Celery's own settings, in values that JSON knows."""
    app = Celery("configured", set_as_current=False)
    app.conf.update(
        broker_connection_retry_on_startup=True,
        task_track_started=True,
        worker_hijack_root_logger=False,
        **conf,
    )
    app.task(name="configured.count", bind=True)(count)
    return app


def count(self: Any, steps: int) -> int:
    """Report each step, and return how many they were."""
    for step in range(1, steps + 1):
        self.update_state(state="PROGRESS", meta={"current": step, "total": steps})
    return steps


@contextmanager
def configured(conf: Mapping[str, Any]) -> Iterator[Celery]:
    """The application, in this process; closed when the block ends, while its servers are there."""
    app = configured_app(conf)
    try:
        yield app
    finally:
        close_app(app)


@contextmanager
def configured_worker(conf: Mapping[str, Any]) -> Iterator[ManagedProcess]:
    """A worker process of the same application; it is killed in the end, for that takes no seconds."""
    env = {"CONFIGURED": json.dumps(dict(conf))}
    with worker("", "", pool="solo", concurrency=1, app="tests.support.configured", env=env) as process:
        yield process
        process.kill()


def __getattr__(name: str) -> Celery:
    """``celery -A tests.support.configured``: made when a worker asks for it, not at import."""
    if name == "app":
        return configured_app(json.loads(os.environ["CONFIGURED"]))
    raise AttributeError(name)
