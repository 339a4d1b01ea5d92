"""The result backend by the name it had until 0.1: applications that spell the import keep working."""

from taskbeam.celery.backend import TaskbeamBackend, TaskbeamSentinelBackend, backend_for
from taskbeam.celery.journal_backend import JournalBackend

__all__ = ["JournalBackend", "TaskbeamBackend", "TaskbeamSentinelBackend", "backend_for"]
