"""Tells people who wait in a queue where they stand. Every gateway does, for what its clients follow.

Gateways need not know of each other: an event is refused unless the one that its writer saw is still the
newest. The queue itself is never looked through; a task that nobody follows costs nothing here.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from taskbeam.background.logger import logger_for
from taskbeam.journal.away import REDIS_AWAY
from taskbeam.journal.entry import Appended, Entry, Verdict
from taskbeam.journal.events import PENDING, Record
from taskbeam.journal.pipelined_connection import each_reply_to
from taskbeam.queues.estimate import estimate
from taskbeam.queues.position import NO_CONSUMER, LastReport, QueuePosition, is_news
from taskbeam.queues.state import read_states

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from taskbeam.journal.appender import JournalAppender
    from taskbeam.journal.control_keys import ControlKeys
    from taskbeam.journal.exchange import Exchange
    from taskbeam.journal.keys import TaskKeys
    from taskbeam.journal.resp_connection import Part
    from taskbeam.queues.audience import Audience
    from taskbeam.queues.state import QueueStates

logger = logger_for(__name__)

#: Tasks that are looked up in one round trip.
BATCH = 200

#: Seconds between two sweeps, and at the least between two events of one waiting task.
DEFAULT_INTERVAL = 2.0

#: Seconds for which a queue is seen without a consumer before anyone is told: a worker may be restarting.
DEFAULT_NO_CONSUMER_AFTER = 5.0


@dataclass(slots=True)
class Waiting:
    """A task with a ticket, and what its newest event (number ``seq``) told."""

    task_id: str
    keys: TaskKeys
    queue: str
    ticket: int
    name: str
    seq: int
    told: LastReport


class QueueWatch:
    """Sweeps the tasks that the audience wants and that wait. Times are in seconds."""

    def __init__(
        self,
        redis: Redis,
        appender: JournalAppender,
        control: ControlKeys,
        audience: Audience,
        *,
        interval: float = DEFAULT_INTERVAL,
        no_consumer_after: float = DEFAULT_NO_CONSUMER_AFTER,
        journals: Exchange | None = None,
    ) -> None:
        """``appender`` appends to journals; ``journals``: by what they are read where ``redis`` has none."""
        self._redis = redis
        self._control = control
        self._audience = audience
        self._journals = journals
        self._appender = appender
        self._interval = interval
        self._no_consumer_after = no_consumer_after
        self._waiting: dict[str, Waiting] = {}
        self._unconsumed_since: dict[str, float] = {}

    async def run(self) -> None:
        """Sweep until cancelled."""
        while True:
            await asyncio.sleep(self._interval)
            try:
                await self.sweep()
            except REDIS_AWAY as error:
                logger.warning("Cannot read queue state from Redis: %s", error)

    async def sweep(self) -> int:
        """Look once, and tell what is news; returns how many were told. Raises redis-py's errors."""
        self._audience.leave()
        unsent: dict[str, TaskKeys] = {}
        most = BATCH if self._journals is None else None  # a cluster's servers answer side by side
        while new := list(islice(self._audience.new.items(), most)):
            unsent |= await self._look_up(new)
        self._audience.new |= unsent
        self._waiting = {
            task_id: task for task_id, task in self._waiting.items() if self._audience.wants(task_id)
        }
        if not self._waiting:
            return 0
        tasks = list(self._waiting.values())
        queues, names = {task.queue for task in tasks}, {task.name for task in tasks}
        states = await read_states(self._redis, self._control, queues, names)
        self._note_unconsumed(states)
        places = [(task, self._place(task, states)) for task in tasks]
        news = [pair for pair in places if is_news(pair[1], pair[0].told, states.now, self._interval)]
        told = await self._tell(news, states.now)
        for task in tasks:
            if task.ticket <= states.queues[task.queue].started:
                self._doubt(task)  # it began, or a later one overtook it
        return told

    async def _look_up(self, tasks: list[tuple[str, TaskKeys]]) -> dict[str, TaskKeys]:
        """Keep those that wait in a queue, and forget the others.

        Returns those that are not even sent, or whose server is away: they are looked up again.
        """
        unsent, first_error = {}, None
        commands: list[tuple[Part, ...]] = []
        for _, keys in tasks:
            commands.append(("HMGET", keys.head, "state", "ticket", "name", "seq", "waiting"))
            commands.append(("LINDEX", keys.log, -1))
        replies = iter(await self._ask(commands))
        for task_id, keys in tasks:
            told, newest = next(replies), next(replies)
            self._audience.new.pop(task_id, None)
            if error := next((each for each in (told, newest) if isinstance(each, Exception)), None):
                first_error = first_error or error
                unsent[task_id] = keys
                continue
            state, ticket, name, seq, dependents = told
            self._waiting.pop(task_id, None)
            if dependents:
                unsent[task_id] = keys
            elif state == PENDING.encode() and ticket and newest:
                number, queue = ticket.decode().split(" ", 1)
                last = LastReport.by(Record.parse(newest))
                self._waiting[task_id] = Waiting(
                    task_id, keys, queue, int(number), name.decode(), int(seq), last
                )
        if first_error is not None:
            logger.warning("Cannot read all waiting tasks; reporting the others: %s", first_error)
        return unsent

    async def _ask(self, commands: list[tuple[Part, ...]]) -> list[Any]:
        """The replies; on a cluster there may be errors among them."""
        if self._journals is not None:
            return await each_reply_to(self._journals, commands)
        pipeline: Any = self._redis.pipeline(transaction=False)
        for command in commands:
            pipeline.execute_command(*command)
        replies: list[Any] = await pipeline.execute()
        return replies

    def _note_unconsumed(self, states: QueueStates) -> None:
        """Since when each queue is without a consumer."""
        self._unconsumed_since = {
            queue: self._unconsumed_since.get(queue, states.now)
            for queue, state in states.queues.items()
            if not state.slots
        }

    def _place(self, task: Waiting, states: QueueStates) -> QueuePosition:
        queue = states.queues[task.queue]
        ahead = queue.ahead(task.ticket)
        since = self._unconsumed_since.get(task.queue)
        if since is None:
            return QueuePosition(
                ahead, None, estimate(ahead, queue.slots, queue.times, states.times[task.name])
            )
        # Until it is certain, what was told before stays: another gateway may have looked for longer.
        certain = states.now - since >= self._no_consumer_after
        return QueuePosition(ahead, NO_CONSUMER if certain else task.told.waiting)

    async def _tell(self, news: list[tuple[Waiting, QueuePosition]], now: float) -> int:
        entries = [self._entry(task, place, now) for task, place in news]
        told, first_error = 0, None
        for (task, place), answer in zip(news, await self._appender.append_each(entries), strict=True):
            if isinstance(answer, Appended) and answer.verdict is Verdict.APPENDED:
                told += 1
                task.seq = answer.id.seq
                task.told = LastReport(now, place.ahead, place.waiting, place.estimate is not None)
                continue
            if isinstance(answer, Exception):
                first_error = first_error or answer
            self._doubt(task)
        if first_error is not None:
            logger.warning("Cannot report all places in queues; reported the others: %s", first_error)
        return told

    def _doubt(self, task: Waiting) -> None:
        """Look it up again."""
        self._audience.new[task.task_id] = task.keys

    def _entry(self, task: Waiting, place: QueuePosition, now: float) -> Entry:
        return Entry(
            keys=task.keys,
            task_id=task.task_id,
            type="state",
            members=place.members(),
            state=PENDING,
            only="queued",
            after=task.seq,
            ts=now,
        )
