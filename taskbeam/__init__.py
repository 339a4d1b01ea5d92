"""Taskbeam: every Celery job, live in the browser."""

from taskbeam.celery.labels import labelled
from taskbeam.celery.progress import emit, log, progress
from taskbeam.celery.run import Cancelled
from taskbeam.journal.failures import PublicError

__all__ = ["Cancelled", "PublicError", "emit", "labelled", "log", "progress"]
