"""Jobs that use what Taskbeam offers to their authors."""

from __future__ import annotations

import asyncio
import os
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import taskbeam
from taskbeam.journal.bounds import MAX_TEXT, MAX_VALUE_BYTES

from .apps import jobs_app

if TYPE_CHECKING:
    from collections.abc import Iterator

    from celery import Celery


def reporting_app(broker: str, backend: str) -> Celery:
    app = jobs_app(broker, backend)
    app.task(name="jobs.report")(report)
    app.task(name="jobs.report_oddly")(report_oddly)
    return app


def report() -> str:
    taskbeam.progress(1, 4, "Reading")
    taskbeam.progress(2)
    taskbeam.log("half way")
    taskbeam.log("x" * (MAX_TEXT + 1))
    taskbeam.emit({"row": [1, 2]})
    asyncio.run(elsewhere())
    return ", ".join(refusals())


class Unspeakable:
    """What has no text."""

    def __str__(self) -> str:
        raise RuntimeError("somebody else's fault")


def report_oddly() -> str:
    """Whatever a task reports, it goes on; the last report is held when it ends."""
    taskbeam.progress(Fraction(1, 2), Decimal(4), Path("reading"))
    taskbeam.progress(float("nan"), 4)
    taskbeam.progress(1, float("inf"))
    taskbeam.progress(2, 4, Unspeakable())
    for row in range(100):
        taskbeam.progress(row, 100)
    taskbeam.progress(object())  # type: ignore[arg-type]
    return "done"


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
