"""Take all messages out of one queue, and tell the end of each task that nobody will run now.

Celery's own purge asks the broker to forget all of its queues, and nobody hears which tasks those were. Here
each message is taken, its task is ended, and only then is it acknowledged: whatever fails in between, the
message is back in its queue, and a worker that gets it finds the task ended.
"""

from __future__ import annotations

import asyncio
from functools import partial
from itertools import islice
from time import monotonic
from typing import TYPE_CHECKING, Any, NamedTuple

from kombu import Queue
from kombu.exceptions import OperationalError

from taskbeam.connections.configuration_error import one_line

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from kombu import Connection

    from taskbeam.gateway.jobs.broker import Broker

#: Messages that are taken before their tasks are ended, in one round trip.
PORTION = 100

#: Seconds after which no further portion is taken.
PATIENCE = 20.0


class Portion(NamedTuple):
    """What became of tasks: those ``ended`` by this, and those whose messages are to be ``kept``."""

    ended: int
    kept: frozenset[str]


class Purged(NamedTuple):
    """Messages that were taken out, tasks ended by that, messages that stay; and whether more do."""

    purged: int = 0
    ended: int = 0
    kept: int = 0
    more: bool = False


class _NotEndedError(Exception):
    """What ``end`` has raised. The broker may raise the same: both may be Redis."""

    def __init__(self, error: Exception) -> None:
        super().__init__(error)
        self.error = error


async def purge(
    broker: Broker, queue: str, end: Callable[[Sequence[str]], Awaitable[Portion]]
) -> Purged | None:
    """Take out what stands in the queue at this moment; None: the broker has no such queue.

    An empty queue of a broker on Redis is none. ``end`` is called in this event loop with the ids of tasks.
    Raises `BROKER_ERRORS`, and what ``end`` raises: then what was taken and not ended is back in its queue.
    """
    loop = asyncio.get_running_loop()

    def ended(task_ids: Sequence[str]) -> Portion:
        async def ending() -> Portion:
            return await end(task_ids)

        try:
            return asyncio.run_coroutine_threadsafe(ending(), loop).result(PATIENCE)
        except Exception as error:
            raise _NotEndedError(error) from error

    try:
        return await broker.ask(partial(_drain, queue, ended, monotonic() + PATIENCE), PATIENCE)
    except _NotEndedError as failed:
        raise failed.error from None


def _drain(
    name: str, end: Callable[[Sequence[str]], Portion], until: float, connection: Connection
) -> Purged | None:
    """Beside the event loop."""
    errors = (*connection.connection_errors, *connection.channel_errors)
    try:
        _ = connection.default_channel  # connects, within the bounds of this connection
        with connection.channel() as channel:
            waiting = _waiting(name, channel, connection.channel_errors)
            return None if waiting is None else _take(Queue(name)(channel), waiting, end, until)
    except errors as error:
        raise OperationalError(one_line(error)) from error


def _take(queue: Any, waiting: int, end: Callable[[Sequence[str]], Portion], until: float) -> Purged:
    left, done, held = waiting, Purged(), list[Any]()
    try:
        while left > 0 and monotonic() < until:
            messages = list(islice(iter(queue.get, None), min(left, PORTION)))
            if not messages:  # workers have taken the rest meanwhile
                return done._replace(more=False)
            kept = len(held)
            held += messages
            left -= len(messages)
            told = end([task_id for message in messages if (task_id := _task_of(message))])
            for message in messages:
                if _task_of(message) not in told.kept:
                    message.ack()
                    held.remove(message)
            gone = len(messages) - (len(held) - kept)
            done = Purged(done.purged + gone, done.ended + told.ended, len(held), left > 0)
    finally:
        # Only now: the next portion would have them again.
        for message in reversed(held):
            message.requeue()
    return done


def _waiting(name: str, channel: Any, errors: tuple[type[BaseException], ...]) -> int | None:
    try:
        return int(channel.queue_declare(queue=name, passive=True).message_count)
    except errors as error:
        if str(getattr(error, "reply_code", "")) == "404":
            return None
        raise


def _task_of(message: Any) -> str | None:
    """Its id stands in the message's headers (Celery's protocol 2); None: it is of no task."""
    task_id = (message.headers or {}).get("id")
    return task_id if isinstance(task_id, str) else None
