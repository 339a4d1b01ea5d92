"""`afollow`: a task's events, as they are written."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from celery.result import EagerResult

from taskbeam.contract.errors import refusal
from taskbeam.contract.events import task_event
from taskbeam.follow.outputs import End
from taskbeam.journal.events import EventId
from taskbeam.waiting.connections import connections_of
from taskbeam.waiting.mailbox import Mailbox

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from celery.result import AsyncResult

    from taskbeam.contract.errors import Refused
    from taskbeam.contract.events import Event, GapEvent


async def afollow(
    result: AsyncResult[Any], *, after: str | None = None
) -> AsyncGenerator[Event | GapEvent, None]:
    """Yield a task's events, each once and in order, up to its final one.

    Args:
        result: the task, as Celery's `delay` or `apply_async` returned it.
        after: the cursor to go on from, the ``id`` of an event; None = from the start.

    All who wait in one event loop share two connections to the server of the result backend, which has to be
    Taskbeam's. Where events are missing, a `GapEvent` says so. Leave early by `contextlib.aclosing`.

    Raises `UnknownTask`, also for an eager task; `RecordsExpired`, `CeleryConfigurationError`; `ValueError`
    for an ``after`` that is no cursor; `RuntimeError` without an asyncio event loop.
    """
    cursor = None if after is None else EventId.parse(after)
    if isinstance(result, EagerResult):
        raise refusal("unknown_task", "The task ran eagerly, where it was called: it has no journal.")
    connections = connections_of(result.app)
    with connections.used():
        mailbox = Mailbox()
        mailbox.follower = connections.hub.follow(result.id, cursor, mailbox)
        try:
            async for body in mailbox.bodies():
                yield task_event(json.loads(body))
        finally:
            mailbox.follower.cancel()
        if mailbox.end is not None and mailbox.end is not End.FINISHED:
            raise refused(mailbox.end)


def refused(end: End) -> Refused:
    """The error for a task that cannot be followed."""
    if end is End.UNKNOWN:
        return refusal("unknown_task", "No task with this id was ever sent, or it is long gone.")
    return refusal("expired", "The task has ended, and its records have expired.")
