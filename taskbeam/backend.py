"""The result backend by the name it had until 0.1: applications that spell the import keep working."""

from taskbeam.celery.backend import JournalBackend, TaskbeamBackend, TaskbeamSentinelBackend, backend_for

__all__ = ["JournalBackend", "TaskbeamBackend", "TaskbeamSentinelBackend", "backend_for"]
