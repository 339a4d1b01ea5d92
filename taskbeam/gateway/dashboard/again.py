"""Run tasks again: the same name, arguments, queue and labels, under a new id."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, NamedTuple

from kombu.utils import json as kombu_json

from taskbeam.background.log_fields import about
from taskbeam.gateway.auth.operators import name_of
from taskbeam.gateway.auth.senders import tenant_of
from taskbeam.gateway.dashboard.rows import OPEN, kind_of
from taskbeam.gateway.jobs.account import Account
from taskbeam.gateway.problems import (
    ARGUMENTS_NOT_KEPT,
    FORBIDDEN,
    NOT_ENDED,
    UNKNOWN_QUEUE,
    UNKNOWN_TASK,
    TaskbeamError,
)
from taskbeam.journal.away import REDIS_AWAY
from taskbeam.journal.labels import Labels

if TYPE_CHECKING:
    from collections.abc import Mapping

    from redis.asyncio import Redis

    from taskbeam.gateway.auth.identity import Identity
    from taskbeam.gateway.dashboard.details import TaskDetails
    from taskbeam.gateway.dashboard.sent_to import SentTo
    from taskbeam.gateway.jobs.sending import TaskSender
    from taskbeam.journal.control_keys import ControlKeys

logger = logging.getLogger(__name__)


class Call(NamedTuple):
    """How a task was called; ``routing_key`` is None where Celery is to choose its queue."""

    args: list[Any]
    kwargs: dict[str, Any]
    routing_key: str | None


class RunAgain:
    """Of one gateway."""

    def __init__(
        self,
        redis: Redis,
        control: ControlKeys,
        details: TaskDetails,
        sent_to: SentTo,
        sender: TaskSender,
        seconds: float,
    ) -> None:
        """For so many ``seconds`` it is known which task was run again as which."""
        self._redis: Any = redis
        self._control = control
        self._details = details
        self._sent_to = sent_to
        self._sender = sender
        self._seconds = round(seconds)

    async def run(self, task_id: str, identity: Identity) -> str:
        """Send the task once more; returns the new one's id. What followed it in a canvas is not sent.

        Raises `TaskbeamError` ``unknown_task``, ``not_ended`` while it goes on, ``arguments_not_kept`` where
        Celery has not stored what it was called with, ``unknown_queue`` where it cannot go to the same queue,
        ``forbidden`` where the identity may not send such tasks, ``unavailable`` when the broker is away;
        redis-py's errors.
        """
        row = await self._details.of(task_id)
        if row is None:
            raise TaskbeamError(UNKNOWN_TASK)
        if kind_of(row) in OPEN:
            raise TaskbeamError(NOT_ENDED)
        meta, name = await self._details.stored(task_id, kombu_json.loads), row["name"]
        call = call_of(meta or {})
        if call is None or name == "?":
            raise TaskbeamError(ARGUMENTS_NOT_KEPT, why_not(meta))
        if identity.names is not None and name not in identity.names:
            raise TaskbeamError(FORBIDDEN)
        owner = row.get("owner")
        labels = Labels(owner=owner, tags=tuple(row.get("tags", ())), title=row.get("title"))
        queue = await self._sent_to.queue(task_id, call.routing_key)
        if (queue or call.routing_key) and not self._sent_to.has(queue):
            raise TaskbeamError(UNKNOWN_QUEUE)
        options = {} if queue is None else {"queue": queue}
        account = Account(tenant_of(owner), identity)
        sent = await self._sender.send(name, call.args, call.kwargs, labels, account, None, options)
        try:
            await self._link(task_id, sent.id)
        except REDIS_AWAY as error:  # it is sent all the same
            logger.warning(
                "Cannot keep that task %s is run again as %s: %s",
                task_id,
                sent.id,
                error,
                extra=about(task_id=task_id),
            )
        logger.info(
            "Task %s (%s) is run again as %s, by %s",
            task_id,
            name,
            sent.id,
            name_of(identity),
            extra=about(task_id=task_id),
        )
        return sent.id

    async def links(self, task_id: str) -> dict[str, str]:
        """``again_of``: which task this one repeats; ``run_again_as``: the newest that repeats this one."""
        found = await self._redis.hgetall(self._control.dashboard_again(task_id))
        return {name.decode(): other.decode() for name, other in found.items()}

    async def _link(self, old: str, new: str) -> None:
        pipeline = self._redis.pipeline(transaction=True)
        for task_id, name, other in ((new, "again_of", old), (old, "run_again_as", new)):
            pipeline.hset(self._control.dashboard_again(task_id), name, other)
            pipeline.expire(self._control.dashboard_again(task_id), self._seconds)
        await pipeline.execute()


def call_of(meta: Mapping[str, Any]) -> Call | None:
    """How a stored result says that its task was called; None: it does not. Pure."""
    # Celery's `queue` is the routing key.
    args, kwargs, key = meta.get("args"), meta.get("kwargs"), meta.get("queue")
    # Other serializers, and tasks that say it in words (`argsrepr`), leave a text.
    if not isinstance(args, (list, tuple)) or not isinstance(kwargs, dict):
        return None
    return Call(list(args), kwargs, key if isinstance(key, str) and key else None)


def why_not(meta: Mapping[str, Any] | None) -> str | None:
    """Why a stored result is no call, in words; None: it is without what `result_extended` adds. Pure."""
    if meta is None:
        return "What Celery has stored of the task is not read: it is a pickle, too large, or damaged."
    if call_of(meta):
        return "The name of the task is not known."
    return "Celery has kept what the task was called with as words alone." if "args" in meta else None
