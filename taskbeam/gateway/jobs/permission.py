"""Whether a sender's key or token is good for a task, and for the queue that it goes to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from taskbeam.gateway.auth.senders import may_send
from taskbeam.gateway.problems import TaskbeamError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from celery import Celery

    from taskbeam.gateway.auth.senders import Sender


def check_sender(celery_app: Celery, sender: Sender, name: str, options: Mapping[str, Any]) -> None:
    """Check it for the task of this name; ``options`` are those of `Celery.send_task`.

    Raises `TaskbeamError` ``forbidden``.
    """
    queue = None
    if sender.queues is not None:
        routed = celery_app.amqp.router.route(dict(options), name)
        queue = getattr(routed.get("queue"), "name", routed.get("queue"))
    problem = may_send(sender, name, queue)
    if problem is not None:
        raise TaskbeamError(problem, "The key or token is not good for this task, or not for its queue.")
