"""Messages that no worker can read: Celery drops them, and stores nothing of the task."""

from __future__ import annotations

from typing import Any

from celery.app.task import Context

from taskbeam.background.log_fields import about
from taskbeam.background.logger import logger_for
from taskbeam.journal.describe import Description
from taskbeam.journal.entry import new_token
from taskbeam.journal.events import REJECTED
from taskbeam.journal.failures import UNDECODABLE, error_member

logger = logger_for(__name__)


def report_undecodable(backend: Any, message: Any) -> None:
    """Tell the end of the task, whose id stands in the message's headers (protocol 2)."""
    headers = message.headers or {}
    task_id = headers.get("id")
    if not isinstance(task_id, str):
        return
    ref = new_token()
    request = Context(id=task_id, task=headers.get("task"))
    backend.append_event(request, Description("state", error_member(UNDECODABLE, ref)), REJECTED, final=True)
    backend.dependents.end(task_id, request)
    logger.warning(
        "Task %s: reported REJECTED because its message cannot be decoded, ref %s",
        task_id,
        ref,
        extra=about(task_id=task_id, ref=ref),
    )


def watch_decode_errors(consumer: Any, backend: Any) -> None:
    """Celery sends `task_rejected` for what it refuses, but no signal for what it cannot decode."""
    decode_error = consumer.on_decode_error

    def on_decode_error(message: Any, exc: Exception) -> None:
        decode_error(message, exc)
        try:
            report_undecodable(backend, message)
        except Exception:
            logger.exception("Cannot report an undecodable message; the worker goes on.")

    # The consumer keeps its method for later connections, kombu's has it for this one.
    consumer.on_decode_error = on_decode_error
    consumer.task_consumer.on_decode_error = on_decode_error
