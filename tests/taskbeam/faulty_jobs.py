"""The stock jobs, with a backend of ours whose journal always fails in the signal handlers."""

from __future__ import annotations

import os
from typing import Any, NoReturn

from taskbeam.celery.journal_backend import JournalBackend
from tests.support.jobs import jobs_app


def fail(*_: Any, **__: Any) -> NoReturn:
    raise RuntimeError("a fault of ours")


def __getattr__(name: str) -> Any:
    if name == "app":
        JournalBackend.append_pending = fail  # type: ignore[method-assign]
        JournalBackend.append_event = fail  # type: ignore[method-assign]
        return jobs_app(os.environ["JOBS_BROKER"], os.environ["JOBS_BACKEND"])
    raise AttributeError(name)
