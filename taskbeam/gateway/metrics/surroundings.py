"""What stands around the gateway at this moment, asked of Redis whenever somebody wants to know."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any, NamedTuple

from taskbeam.gateway.dashboard.workers_and_queues import queue_names, read_queues, read_workers
from taskbeam.journal.away import REDIS_AWAY

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from taskbeam.gateway.connections.broker import RedisBroker
    from taskbeam.journal.control_keys import ControlKeys

logger = logging.getLogger(__name__)

#: Seconds that Redis has to answer: whoever scrapes waits for ten at the most.
PATIENCE = 2.0

#: Seconds for which the names of the queues are good: a look for new ones goes through all keys of a broker.
NAMES_GOOD_FOR = 60.0

#: Queues that are told of, the first ones by name.
MOST_QUEUES = 200


class Facts(NamedTuple):
    """Those of one moment. Of a broker that is not Redis nothing is known.

    - ``workers``: by whether the lease holds (``alive``) or has ended and left runs behind (``gone``).
    - ``running``: runs that are registered under a worker.
    - ``depths``: messages that wait, by queue; ``slots``: tasks that a queue's live workers run at once.
    """

    workers: dict[str, int]
    running: int
    depths: dict[str, int]
    slots: dict[str, int]


class Surroundings:
    """Made without a connection. ``broker``: where the queues are, if that is Redis."""

    def __init__(self, redis: Redis, control: ControlKeys, broker: RedisBroker | None) -> None:
        self._redis: Any = redis  # redis-py's types leave open whether replies are decoded
        self._control = control
        self._broker = broker
        self._names: list[str] = []
        self._names_due = 0.0

    async def look(self) -> Facts | None:
        """Ask; None where Redis does not answer in time."""
        try:
            async with asyncio.timeout(PATIENCE):
                return await self._look()
        except REDIS_AWAY as error:
            logger.warning("Cannot ask Redis for workers and queues, so /metrics leaves them out: %r", error)
            return None

    async def _look(self) -> Facts:
        seconds, micros = await self._redis.time()
        now = int(seconds) * 1000 + int(micros) // 1000
        workers = await read_workers(self._redis, self._control, now)
        alive = sum(worker["alive"] for worker in workers)
        queues = await self._queues()
        return Facts(
            {"alive": alive, "gone": len(workers) - alive},
            sum(worker["running"] for worker in workers),
            {queue["name"]: queue["depth"] for queue in queues},
            {queue["name"]: queue["slots"] for queue in queues},
        )

    async def _queues(self) -> list[dict[str, Any]]:
        if self._broker is None:
            return []
        now = asyncio.get_running_loop().time()
        if now >= self._names_due:
            self._names = (await queue_names(self._broker))[:MOST_QUEUES]
            self._names_due = now + NAMES_GOOD_FOR
        return await read_queues(self._redis, self._control, self._broker, self._names)
