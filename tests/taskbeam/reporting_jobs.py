"""Jobs that use what Taskbeam offers to their authors."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING, Any

import taskbeam
from taskbeam.celery.progress import MAX_LINE
from taskbeam.journal.describe import MAX_VALUE_BYTES

from .apps import jobs_app

if TYPE_CHECKING:
    from collections.abc import Iterator

    from celery import Celery


def reporting_app(broker: str, backend: str) -> Celery:
    app = jobs_app(broker, backend)
    app.task(name="jobs.report")(report)
    return app


def report() -> str:
    taskbeam.progress(1, 4, "Reading")
    taskbeam.progress(2)
    taskbeam.log("half way")
    taskbeam.log("x" * (MAX_LINE + 1))
    taskbeam.emit({"row": [1, 2]})
    asyncio.run(elsewhere())
    return ", ".join(refusals())


def refusals() -> Iterator[str]:
    """What the author hears of chunks that cannot be sent."""
    for chunk in (object(), "x" * (MAX_VALUE_BYTES - 1)):
        try:
            taskbeam.emit(chunk)
        except (TypeError, ValueError) as error:
            yield type(error).__name__


async def elsewhere() -> None:
    taskbeam.log("from a coroutine")
    await asyncio.to_thread(taskbeam.log, "from its thread")


def __getattr__(name: str) -> Any:
    if name == "app":
        return reporting_app(os.environ["JOBS_BROKER"], os.environ["JOBS_BACKEND"])
    raise AttributeError(name)
