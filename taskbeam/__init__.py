"""Taskbeam: every Celery job, live in the browser."""

from taskbeam.failures import PublicError
from taskbeam.labels import labelled
from taskbeam.progress import emit, log, progress
from taskbeam.run import Cancelled

__all__ = ["Cancelled", "PublicError", "emit", "labelled", "log", "progress"]
