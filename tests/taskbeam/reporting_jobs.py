"""Jobs that use what Taskbeam offers to their authors."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING, Any

import taskbeam

from .apps import jobs_app

if TYPE_CHECKING:
    from celery import Celery


def reporting_app(broker: str, backend: str) -> Celery:
    app = jobs_app(broker, backend)
    app.task(name="jobs.report")(report)
    return app


def report() -> str:
    taskbeam.progress(1, 4, "Reading")
    taskbeam.progress(2)
    taskbeam.log("half way")
    taskbeam.emit({"row": [1, 2]})
    asyncio.run(elsewhere())
    try:
        taskbeam.emit(object())
    except TypeError:
        return "refused"
    return "taken"


async def elsewhere() -> None:
    taskbeam.log("from a coroutine")
    await asyncio.to_thread(taskbeam.log, "from its thread")


def __getattr__(name: str) -> Any:
    if name == "app":
        return reporting_app(os.environ["JOBS_BROKER"], os.environ["JOBS_BACKEND"])
    raise AttributeError(name)
