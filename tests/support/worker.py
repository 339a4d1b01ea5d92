"""A real Celery worker process, with the jobs of `tests.support.jobs`."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from stack.process import ManagedProcess

from .gateway import ROOT
from .waiting import START_TIMEOUT
from .warm.programs import warm

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from celery import Celery


@contextmanager
def worker(
    broker: str,
    backend: str,
    pool: str = "prefork",
    concurrency: int = 2,
    app: str = "tests.support.jobs",
    env: Mapping[str, str] | None = None,
    queue: str = "celery",
    number: int | None = None,
) -> Iterator[ManagedProcess]:
    """Run a worker until the block ends; it is ready when the block begins.

    ``number``: tells it from others of the same queue and pool, of which RabbitMQ has one at a time.
    """
    lines: list[str] = []
    argv = [sys.executable, "-m", "celery", "-A", app, "worker", "-P", pool, "-c", str(concurrency)]
    argv += [
        "--loglevel=INFO",
        "--without-gossip",
        "--without-mingle",
        "-n",
        f"{queue}.{pool}{number or ''}@%h",
        "-Q",
        queue,
    ]
    environment = {"JOBS_BROKER": broker, "JOBS_BACKEND": backend, "C_FORCE_ROOT": "1", **(env or {})}
    started = ManagedProcess("worker", argv, env=environment, cwd=ROOT, on_line=lines.append, start=warm)
    with started as process:
        process.wait_until(lambda: any(" ready." in line for line in lines), START_TIMEOUT)
        yield process


def hears_broadcasts(app: Celery) -> bool:
    """Whether a worker of the application answers a ping.

    It says that it is ready before it has subscribed to what is broadcast (`control`): what comes in between
    is lost.
    """
    return bool(app.control.ping(timeout=0.5))
