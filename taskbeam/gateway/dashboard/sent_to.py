"""Which queue a task was sent to, by its name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from redis.exceptions import RedisError, ResponseError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from celery import Celery
    from kombu import Queue
    from redis.asyncio import Redis

    from taskbeam.journal.control_keys import ControlKeys
    from taskbeam.journal.keys import JournalNames


class SentTo:
    """Of one gateway."""

    def __init__(self, redis: Redis, names: JournalNames, control: ControlKeys, celery_app: Celery) -> None:
        self._redis: Any = redis
        self._names = names
        self._queues = control.queue("").base
        self._celery_app = celery_app

    async def queue(self, task_id: str, routing_key: str | None) -> str | None:
        """Of which the task has a ticket, else the one that gets what is sent with the ``routing_key``.

        That key is all that Celery stores. None: neither tells it. Raises redis-py's errors.
        """
        pipeline = self._redis.pipeline(transaction=False)
        pipeline.hget(self._names.task(task_id).head, "ticket")
        [ticket] = await pipeline.execute(raise_on_error=False)
        if isinstance(ticket, RedisError) and not isinstance(ticket, ResponseError):
            raise ticket
        if isinstance(ticket, bytes):
            return ticket.decode(errors="replace").partition(" ")[2].removeprefix(self._queues)
        return routing_key and queue_by_key(routing_key, tuple(self._celery_app.amqp.queues.values()))

    def has(self, queue: str | None) -> bool:
        """Whether the application can send to a queue of this name."""
        queues: Any = self._celery_app.amqp.queues
        return queue is not None and (queue in queues or bool(queues.create_missing))


def queue_by_key(routing_key: str, queues: Iterable[Queue]) -> str | None:
    """The name of the queue that is bound with a key; None: queues of several exchanges are. Pure.

    Where none is, the key is the name of a queue that Celery has made by itself.
    """
    bound = [queue for queue in queues if queue.routing_key == routing_key]
    if len({queue.exchange.name for queue in bound}) > 1:
        return None
    return bound[0].name if bound else routing_key
