"""Cancel a task, and say truthfully how far that got."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from enum import StrEnum
from typing import TYPE_CHECKING

from kombu.exceptions import OperationalError

from taskbeam.celery.external_entries import cancel_entry, revoked_entry
from taskbeam.gateway.delivery.polling import snapshot_after
from taskbeam.gateway.problems import TOO_LATE, UNAVAILABLE, TaskbeamError
from taskbeam.journal.dependents import end_dependents_async
from taskbeam.journal.entry import Verdict
from taskbeam.journal.events import REVOKED
from taskbeam.journal.keys import CANCELLED

if TYPE_CHECKING:
    from taskbeam.gateway.gateway import Gateway

logger = logging.getLogger(__name__)

#: Seconds that a cancelled task's id is kept for workers that are away.
REMEMBERED = 7 * 24 * 3600


class Cancellation(StrEnum):
    """What a request to cancel achieved."""

    REVOKED = "revoked"
    REQUESTED = "requested"
    TERMINATING = "terminating"


async def cancel_task(gateway: Gateway, task_id: str, *, terminate: bool) -> Cancellation:
    """A queued task is revoked at once; a running one is asked to stop, or terminated by signal.

    Raises `TaskbeamError` ``unknown_task``, ``expired`` or ``too_late``, and redis-py's errors.
    """
    history = await snapshot_after(gateway, task_id, None)
    if history.ended:
        raise TaskbeamError(TOO_LATE)
    # Before the journal says so: from here on no worker begins the task.
    await _forbid(gateway, task_id)
    revoked = await gateway.appender.append(revoked_entry(gateway.backend(), task_id))
    if revoked.verdict is Verdict.APPENDED:
        await end_dependents_async(revoked.dependents, gateway.backend().keys, gateway.appender)
        return Cancellation.REVOKED
    asked = await gateway.appender.append(cancel_entry(gateway.backend(), task_id))
    if asked.verdict is Verdict.REFUSED:
        return await _ended_as(gateway, task_id)
    if not terminate:
        return Cancellation.REQUESTED
    if not await _broadcast(gateway, task_id, terminate=True):
        raise TaskbeamError(UNAVAILABLE)
    return Cancellation.TERMINATING


async def _ended_as(gateway: Gateway, task_id: str) -> Cancellation:
    """A worker that heard the revocation may have told it before we did."""
    history = await snapshot_after(gateway, task_id, None)
    if json.loads(history.snapshot.body)["state"] != REVOKED:
        raise TaskbeamError(TOO_LATE)
    return Cancellation.REVOKED


async def _forbid(gateway: Gateway, task_id: str) -> None:
    """Tell the workers that listen, and leave word for those that do not."""
    now = time.time()
    pipeline = gateway.redis.pipeline(transaction=True)
    pipeline.zadd(CANCELLED, {task_id: now})
    pipeline.zremrangebyscore(CANCELLED, "-inf", now - REMEMBERED)
    await pipeline.execute()
    await _broadcast(gateway, task_id, terminate=False)


async def _broadcast(gateway: Gateway, task_id: str, *, terminate: bool) -> bool:
    """Tell the workers that listen; returns whether the broker took it."""
    try:
        await asyncio.to_thread(gateway.celery.control.revoke, task_id, terminate=terminate)
    except (OperationalError, OSError) as error:
        logger.warning("Cannot send the revocation of task %s to the workers: %s", task_id, error)
        return False
    return True
