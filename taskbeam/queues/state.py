"""What those who wait need to know of their queues, read with a few commands however long the queues are."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from taskbeam.journal.control_keys import QueueKeys
from taskbeam.queues.estimate import Times

if TYPE_CHECKING:
    from collections.abc import Sequence

    from redis.asyncio import Redis

    from taskbeam.journal.control_keys import ControlKeys

#: Withdrawn tickets that are read of one queue; where more were withdrawn at once, people are told too many.
MAX_WITHDRAWN = 10_000


@dataclass(frozen=True, slots=True)
class QueueState:
    """``started``: the highest ticket that began. ``withdrawn``: later ones that never will, ascending.

    ``slots``: how many tasks its live workers run at once; 0 = nobody consumes it.
    """

    started: int
    withdrawn: Sequence[int]
    slots: int
    times: Times | None

    def ahead(self, ticket: int) -> int:
        """How many wait before this one."""
        return max(ticket - 1 - self.started - bisect_left(self.withdrawn, ticket), 0)


@dataclass(frozen=True, slots=True)
class QueueStates:
    """Queues by their base name, and run times by the tasks'. ``now``: Unix seconds by Redis' clock."""

    now: float
    queues: dict[str, QueueState]
    times: dict[str, Times | None]


async def read_states(redis: Redis, control: ControlKeys, bases: set[str], names: set[str]) -> QueueStates:
    """Look at the queues, in two round trips; raises redis-py's errors."""
    seconds, micros = await redis.time()
    now = int(seconds) + int(micros) / 1e6
    queues, kinds = sorted(bases), sorted(names)
    pipeline: Any = redis.pipeline(transaction=False)
    for keys in map(QueueKeys, queues):
        pipeline.hmget(keys.tickets, "started", "runs", "mean", "spread")
        pipeline.zrange(keys.withdrawn, 0, MAX_WITHDRAWN - 1)
        pipeline.zrangebyscore(keys.consumers, int(now * 1000), "+inf")
    for name in kinds:
        pipeline.hmget(control.times(name), "runs", "mean", "spread")
    replies = iter(await pipeline.execute())
    states = {base: _state(next(replies), next(replies), next(replies)) for base in queues}
    return QueueStates(now, states, {name: Times.of(next(replies)) for name in kinds})


def _state(tickets: list[bytes | None], withdrawn: list[bytes], consumers: list[bytes]) -> QueueState:
    started, *times = tickets
    began = int(started or 0)
    later = [ticket for ticket in map(int, withdrawn) if ticket > began]
    slots = sum(int(consumer.rsplit(b" ", 1)[1]) for consumer in consumers)
    return QueueState(began, later, slots, Times.of(times))
