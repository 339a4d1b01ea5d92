"""Jobs that have registered what they tell."""

from __future__ import annotations

import os
from datetime import date
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

import taskbeam
from taskbeam import Payloads, stored

from .apps import jobs_app

if TYPE_CHECKING:
    from celery import Celery


class Report(BaseModel):
    """What the job returns."""

    day: date
    rows: int
    url: str | None = None


class Stage(BaseModel):
    """What it says of its progress."""

    stage: str


class Row(BaseModel):
    """A chunk."""

    cells: list[int]


PAYLOADS = Payloads(result=Report, meta=Stage, chunk=Row)

GOOD: dict[str, Any] = {"day": date(2026, 5, 1), "rows": 3, "url": stored("reports/x.pdf")}

#: Celery's own result keeps it as it is.
BAD: dict[str, Any] = {"rows": "three", "secret": "planted-secret"}


def typed_app(broker: str, backend: str) -> Celery:
    app = jobs_app(broker, backend)
    app.task(name="jobs.typed", bind=True, taskbeam_payloads=PAYLOADS)(typed)
    app.task(name="jobs.mistyped", bind=True, taskbeam_payloads=PAYLOADS)(mistyped)
    app.task(name="jobs.misread", taskbeam_payloads=Report)(misread)
    return app


def misread() -> None:
    """It has registered what is no `Payloads`."""


def typed(self: Any) -> dict[str, Any]:
    taskbeam.progress(1, 3, "Reading")
    self.update_state(state="PROGRESS", meta={"current": 2, "total": 3, "stage": "Writing"})
    self.update_state(state="UPLOADING", meta={"stage": "Upload"})
    taskbeam.log("nobody types a line")
    taskbeam.emit({"cells": [1, 2]})
    return GOOD


def mistyped(self: Any) -> dict[str, Any]:
    self.update_state(state="PROGRESS", meta={"current": 2, "total": 3, "stage": 7})
    for cell in ("one", "two"):
        taskbeam.emit({"cells": [cell]})
    return BAD


def __getattr__(name: str) -> Any:
    if name == "app":
        return typed_app(os.environ["JOBS_BROKER"], os.environ["JOBS_BACKEND"])
    raise AttributeError(name)
