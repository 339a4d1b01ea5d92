"""What operators do to one queue: purge it, pause it, resume it. Each is told as far as it got."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeVar

from taskbeam.gateway.dashboard.rows import Kind, kind_of
from taskbeam.gateway.dashboard.workers_and_queues import queue_names
from taskbeam.gateway.jobs.broker import BROKER_ERRORS
from taskbeam.gateway.jobs.purging import Portion, Purged, purge
from taskbeam.gateway.problems import NO_SUCH_QUEUE, NOT_PAUSED, UNAVAILABLE, TaskbeamError
from taskbeam.journal.failures import PURGED

if TYPE_CHECKING:
    from collections.abc import Awaitable, Sequence

    from celery import Celery

    from taskbeam.gateway.connections.broker import RedisBroker
    from taskbeam.gateway.dashboard.journals import JournalRows
    from taskbeam.gateway.dashboard.pauses import Pauses
    from taskbeam.gateway.jobs.broker import Broker
    from taskbeam.gateway.jobs.consumers import Consumers
    from taskbeam.gateway.jobs.revoking import Revoker

Answer = TypeVar("Answer")

#: How a task stands whose message is not the only trace of it: a run, which may have died, is to go on.
_RUNS = (Kind.RUNNING, Kind.STALLED)


class Told(NamedTuple):
    """The ``workers`` that do as they were told, and those that are known and did not answer."""

    workers: list[str]
    silent: list[str]


class QueueControl:
    """Of one gateway. Its methods raise redis-py's errors."""

    def __init__(
        self,
        celery_app: Celery,
        broker: Broker,
        on_redis: RedisBroker | None,
        revoker: Revoker,
        journals: JournalRows,
        consumers: Consumers,
        pauses: Pauses,
    ) -> None:
        """``on_redis``: the same broker, if that is Redis."""
        self._celery_app = celery_app
        self._broker = broker
        self._on_redis = on_redis
        self._revoker = revoker
        self._journals = journals
        self._consumers = consumers
        self._pauses = pauses

    async def purge(self, queue: str) -> Purged:
        """Take out what waits, and end those tasks as REVOKED with the code ``purged``.

        Messages of tasks that run, or whose worker is lost, stay. Raises `TaskbeamError` ``no_such_queue``,
        ``unavailable`` when the broker is away.
        """
        await self._check(queue)
        purged = await _reaching(purge(self._broker, queue, self._end))
        if purged is None and self._on_redis is None:
            raise TaskbeamError(NO_SUCH_QUEUE)
        return purged or Purged()

    async def pause(self, queue: str) -> Told:
        """Tell all workers that consume the queue to stop.

        Raises `TaskbeamError` ``no_such_queue``, ``remote_control_off``, ``no_worker_answered``, and
        ``unavailable`` when the broker is away.
        """
        await self._check(queue)
        known = await self._pauses.consuming(queue)
        answers = await _reaching(self._consumers.of(queue))
        consuming = sorted(worker for worker, consumes in answers.items() if consumes)
        stopped = await _reaching(self._consumers.cancel(queue, consuming))
        await self._pauses.note(queue, stopped)
        silent = {*consuming, *(known - answers.keys())} - stopped
        return Told(sorted(stopped), sorted(silent))

    async def resume(self, queue: str) -> Told:
        """Tell the workers that were paused to consume it again, and no others; raises as `pause` does.

        `TaskbeamError` ``not_paused`` where none was.
        """
        await self._check(queue)
        paused = await self._pauses.of(queue)
        if not paused:
            raise TaskbeamError(NOT_PAUSED)
        resumed = await _reaching(self._consumers.add(queue, sorted(paused)))
        silent = {worker for worker, lives in paused.items() if lives} - resumed
        # Whoever is gone consumes all of its queues when it comes back.
        await self._pauses.forget(queue, paused.keys() - silent)
        return Told(sorted(resumed), sorted(silent))

    async def _check(self, queue: str) -> None:
        """A broker on Redis would take any list for a queue: journals may be beside its queues.

        What another broker has, it says by itself.
        """
        if self._on_redis is None or queue in self._celery_app.amqp.queues:
            return
        if queue not in await queue_names(self._on_redis):
            raise TaskbeamError(NO_SUCH_QUEUE)

    async def _end(self, task_ids: Sequence[str]) -> Portion:
        ended = await self._revoker.revoke_all(task_ids, PURGED)
        others = [task_id for task_id in dict.fromkeys(task_ids) if task_id not in ended]
        # Whoever has ended one of them may have failed before those that wait for it were told.
        await self._revoker.end_dependents(await self._journals.waiting_in_vain(others))
        states = await self._journals.states(others)
        # One whose journal cannot be read now may run.
        gone = {each for each, state in states.items() if not _runs(state)}
        return Portion(len(ended), frozenset(others) - gone)


def _runs(state: str | None) -> bool:
    return state is not None and kind_of({"state": state}) in _RUNS


async def _reaching(asking: Awaitable[Answer]) -> Answer:
    try:
        return await asking
    except BROKER_ERRORS as error:
        raise TaskbeamError(UNAVAILABLE, "The gateway cannot reach the broker.") from error
