"""Taskbeam: every Celery job, live in the browser."""

from taskbeam.celery.labels import labelled
from taskbeam.celery.progress import emit, log, progress
from taskbeam.celery.run import Cancelled
from taskbeam.journal.failures import PublicError

__all__ = ["Cancelled", "PublicError", "__version__", "emit", "labelled", "log", "progress"]

__version__ = "0.2.0"
