"""Cancel a task, and say truthfully how far that got."""

from __future__ import annotations

import json
import logging
import time
from enum import StrEnum
from typing import TYPE_CHECKING, cast

from taskbeam.celery.external_entries import cancel_entry, revoked_entry
from taskbeam.gateway.jobs.broker import BROKER_ERRORS
from taskbeam.gateway.problems import TOO_LATE, UNAVAILABLE, TaskbeamError
from taskbeam.journal.dependents import end_dependents_async
from taskbeam.journal.entry import Verdict
from taskbeam.journal.events import REVOKED
from taskbeam.journal.keys import CANCELLED

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from taskbeam.celery.backend import JournalBackend
    from taskbeam.gateway.delivery.polling import Polling
    from taskbeam.gateway.jobs.broker import Broker
    from taskbeam.journal.appender import JournalAppender

logger = logging.getLogger(__name__)

#: Seconds that a cancelled task's id is kept for workers that are away.
REMEMBERED = 7 * 24 * 3600


class Cancellation(StrEnum):
    """What a request to cancel achieved."""

    REVOKED = "revoked"
    REQUESTED = "requested"
    TERMINATING = "terminating"


class Canceller:
    """Cancels tasks: in their journals, and through the broker."""

    def __init__(self, broker: Broker, redis: Redis, appender: JournalAppender, polling: Polling) -> None:
        self._broker = broker
        self._redis = redis
        self._appender = appender
        self._polling = polling

    async def cancel(self, task_id: str, *, terminate: bool) -> Cancellation:
        """A queued task is revoked at once; a running one is asked to stop, or terminated by signal.

        Raises `TaskbeamError` ``unknown_task``, ``expired`` or ``too_late``, and redis-py's errors.
        """
        history = await self._polling.snapshot(task_id)
        if history.ended:
            raise TaskbeamError(TOO_LATE)
        # Before the journal says so: from here on no worker begins the task.
        await self._forbid(task_id)
        backend = self._backend()
        revoked = await self._appender.append(revoked_entry(backend, task_id))
        if revoked.verdict is Verdict.APPENDED:
            await end_dependents_async(revoked.dependents, backend.keys, self._appender)
            return Cancellation.REVOKED
        asked = await self._appender.append(cancel_entry(backend, task_id))
        if asked.verdict is Verdict.REFUSED:
            return await self._ended_as(task_id)
        if not terminate:
            return Cancellation.REQUESTED
        if not await self._broadcast(task_id, terminate=True):
            raise TaskbeamError(UNAVAILABLE)
        return Cancellation.TERMINATING

    def _backend(self) -> JournalBackend:
        """Of which each thread has its own."""
        return cast("JournalBackend", self._broker.celery_app.backend)

    async def _ended_as(self, task_id: str) -> Cancellation:
        """A worker that heard the revocation may have reported it before we did."""
        history = await self._polling.snapshot(task_id)
        if json.loads(history.snapshot.body)["state"] != REVOKED:
            raise TaskbeamError(TOO_LATE)
        return Cancellation.REVOKED

    async def _forbid(self, task_id: str) -> None:
        """Tell the workers that listen, and leave word for those that do not."""
        now = time.time()
        pipeline = self._redis.pipeline(transaction=True)
        pipeline.zadd(CANCELLED, {task_id: now})
        pipeline.zremrangebyscore(CANCELLED, "-inf", now - REMEMBERED)
        await pipeline.execute()
        await self._broadcast(task_id, terminate=False)

    async def _broadcast(self, task_id: str, *, terminate: bool) -> bool:
        """Tell the workers that listen; returns whether the broker took it."""
        try:
            await self._broker.revoke(task_id, terminate=terminate)
        except BROKER_ERRORS as error:
            logger.warning("Cannot send the revocation of task %s to the workers: %s", task_id, error)
            return False
        return True
