"""Taskbeam: every Celery job, live in the browser."""

from taskbeam.progress import emit, log, progress

__all__ = ["emit", "log", "progress"]
