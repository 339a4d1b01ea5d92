"""Cancel a task, and say truthfully how far that got."""

from __future__ import annotations

import json
import logging
import time
from enum import StrEnum
from typing import TYPE_CHECKING

from redis.exceptions import ResponseError

from taskbeam.background.log_fields import about
from taskbeam.celery.external_entries import cancel_entry
from taskbeam.gateway.auth.operators import RESERVED
from taskbeam.gateway.jobs.broker import BROKER_ERRORS
from taskbeam.gateway.problems import TOO_LATE, UNAVAILABLE, UNKNOWN_TASK, TaskbeamError
from taskbeam.journal.entry import Verdict
from taskbeam.journal.events import REVOKED

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from taskbeam.gateway.delivery.polling import Polling
    from taskbeam.gateway.jobs.broker import Broker
    from taskbeam.gateway.jobs.revoking import Revoker
    from taskbeam.journal.appender import JournalAppender

logger = logging.getLogger(__name__)

#: What an event says of a task whose worker keeps no journal.
CELERY = "celery"

#: Seconds that a cancelled task's id is kept for workers that are away.
REMEMBERED = 7 * 24 * 3600


class Cancellation(StrEnum):
    """What a request to cancel achieved."""

    REVOKED = "revoked"
    REQUESTED = "requested"
    TERMINATING = "terminating"


class Canceller:
    """Cancels tasks: in their journals, and through the broker."""

    def __init__(
        self, broker: Broker, revoker: Revoker, redis: Redis, appender: JournalAppender, polling: Polling
    ) -> None:
        self._broker = broker
        self._revoker = revoker
        self._redis = redis
        self._appender = appender
        self._polling = polling

    async def cancel(self, task_id: str, *, terminate: bool) -> Cancellation:
        """A queued task is revoked at once; a running one is asked to stop, or terminated by signal.

        Raises `TaskbeamError` ``unknown_task``, ``expired`` or ``too_late``, and redis-py's errors.
        """
        if task_id in RESERVED:  # the dashboard's journal is of no task, and is to go on
            raise TaskbeamError(UNKNOWN_TASK)
        history = await self._polling.snapshot(task_id)
        if history.ended:
            raise TaskbeamError(TOO_LATE)
        # Before the journal says so: a worker that has heard it need not ask the journal.
        told = await self._forbid(task_id)
        if json.loads(history.snapshot.body).get("source") == CELERY:
            return await self._ask_workers(task_id, told, terminate=terminate)
        if await self._revoker.revoke(task_id):
            return Cancellation.REVOKED
        asked = await self._appender.append(cancel_entry(self._revoker.backend, task_id))
        if asked.verdict is Verdict.REFUSED:
            return await self._ended_as(task_id)
        if not terminate:
            return Cancellation.REQUESTED
        return await self._terminate(task_id, told)

    async def _ask_workers(self, task_id: str, told: bool, *, terminate: bool) -> Cancellation:
        """Of a worker that keeps no journal: it alone knows whether it runs the task."""
        if terminate:
            return await self._terminate(task_id, told)
        if not told:
            raise TaskbeamError(UNAVAILABLE, "The gateway cannot reach the broker.")
        return Cancellation.REQUESTED

    async def _terminate(self, task_id: str, told: bool) -> Cancellation:
        # A broker that did not take the first message is not waited for once more.
        if not (told and await self._broadcast(task_id, terminate=True)):
            raise TaskbeamError(UNAVAILABLE, "The gateway cannot reach the broker.")
        return Cancellation.TERMINATING

    async def _ended_as(self, task_id: str) -> Cancellation:
        """A worker that heard the revocation may have reported it before we did."""
        history = await self._polling.snapshot(task_id)
        if json.loads(history.snapshot.body)["state"] != REVOKED:
            raise TaskbeamError(TOO_LATE)
        return Cancellation.REVOKED

    async def _forbid(self, task_id: str) -> bool:
        """Tell the workers that listen, and leave word for those that do not; see `_broadcast`."""
        now, cancelled = time.time(), self._revoker.backend.control.cancelled
        pipeline = self._redis.pipeline(transaction=True)
        pipeline.zadd(cancelled, {task_id: now})
        pipeline.zremrangebyscore(cancelled, "-inf", now - REMEMBERED)
        try:
            await pipeline.execute()
        except ResponseError as error:
            # A worker asks the journal, too, when it begins the task.
            logger.warning(
                "Cannot keep in %s that task %s is cancelled: %s",
                cancelled,
                task_id,
                error,
                extra=about(task_id=task_id),
            )
        return await self._broadcast(task_id, terminate=False)

    async def _broadcast(self, task_id: str, *, terminate: bool) -> bool:
        """Tell the workers that listen; returns whether the broker took it."""
        try:
            await self._broker.revoke(task_id, terminate=terminate)
        except BROKER_ERRORS as error:
            logger.warning(
                "Cannot send the revocation of task %s to the workers: %s",
                task_id,
                error,
                extra=about(task_id=task_id),
            )
            return False
        return True
