"""A task whose message could not be sent: whoever follows it, or waits for it, is told that it will not run.

PENDING is told before the message is published, so that no worker is faster. Where that raises, whether the
broker refused it or a retry policy gave up, the sender takes the task for not sent; and so does everybody.
"""

from __future__ import annotations

from contextvars import ContextVar
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any

from taskbeam.background.log_fields import about
from taskbeam.background.logger import logger_for
from taskbeam.celery.run import current_run

if TYPE_CHECKING:
    from collections.abc import Callable

    from celery import Celery

    from taskbeam.celery.journal import Journal

logger = logger_for(__name__)


#: The task whose PENDING is told and whose message is not published yet, and where that is told.
_told: ContextVar[tuple[str, Journal] | None] = ContextVar("taskbeam_unsent", default=None)


def pending_is_told(task_id: str, journal: Journal) -> None:
    """Its message is to be published next, on this thread."""
    _told.set((task_id, journal))


def message_is_published() -> None:
    """What fails from here on concerns the task no longer."""
    _told.set(None)


def guard_sending(app: Celery) -> None:
    """Let the application withdraw what it cannot publish; called for each of its backends."""
    amqp: Any = app.amqp
    known = vars(amqp).get("send_task_message")
    if getattr(known, "__module__", "") == __name__:
        return
    send = cache(lambda: known) if known else _sender(amqp)

    def send_task_message(*args: Any, **options: Any) -> Any:
        token = _told.set(None)  # a signal's handler may send another task meanwhile
        try:
            return send()(*args, **options)
        except Exception:
            _withdraw()
            raise
        finally:
            _told.reset(token)

    amqp.send_task_message = send_task_message


def _sender(amqp: Any) -> Callable[[], Any]:
    """Celery makes it when the first message is sent, from the configuration as it is by then."""
    kind = type(amqp).send_task_message
    return cache(lambda: kind.func(amqp)) if isinstance(kind, cached_property) else lambda: kind.__get__(amqp)


def _withdraw() -> None:
    if (run := current_run()) is not None:
        run.replaced = False  # nobody takes its place
    if (told := _told.get()) is None:
        return
    task_id, journal = told
    try:
        journal.append_unsent(task_id)
    except Exception:  # the sender is to hear of the broker
        logger.exception(
            "Task %s was not sent, and its journal cannot be ended.", task_id, extra=about(task_id=task_id)
        )
