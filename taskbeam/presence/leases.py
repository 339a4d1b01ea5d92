"""What Redis tells of the workers' leases: which have ended, and how long they are."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple

from redis.exceptions import ResponseError

from taskbeam.background.logger import logger_for
from taskbeam.presence.lease import known_as

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from taskbeam.journal.control_keys import ControlKeys

logger = logger_for(__name__)


class Look(NamedTuple):
    """What one round trip tells: the time, this life of the server, when the first lease ends, and whether
    runs are stalled. Times are in ms by Redis' clock; ``life`` is '' where this user may not ask.
    """

    now: int
    life: str
    first: float | None
    watched: bool


class Leases:
    """Those of all workers. Times are in ms by Redis' clock."""

    def __init__(self, redis: Redis, control: ControlKeys, length: float) -> None:
        """Nothing is connected. ``length``: seconds, for workers that do not say how long theirs are."""
        self._redis: Any = redis  # redis-py's types leave open whether replies are decoded
        self._control = control
        self._length = length

    async def look(self) -> Look:
        """Ask in one round trip. Raises redis-py's errors."""
        pipeline = self._redis.pipeline(transaction=False)
        pipeline.time()
        pipeline.zrange(self._control.workers, 0, 0, withscores=True)
        pipeline.exists(self._control.stalled)
        pipeline.info("replication")
        *found, info = await pipeline.execute(raise_on_error=False)
        for reply in (*found, info):
            if isinstance(reply, Exception) and (reply is not info or not isinstance(reply, ResponseError)):
                raise reply
        (seconds, micros), first, watched = found
        now = int(seconds) * 1000 + int(micros) // 1000
        life = "" if isinstance(info, ResponseError) else str(info.get("master_replid", ""))
        return Look(now, life, first[0][1] if first else None, bool(watched))

    async def ended(self, now: int) -> dict[str, float]:
        """The workers whose leases ran out, and when."""
        found = await self._redis.zrangebyscore(self._control.workers, "-inf", now, withscores=True)
        return {worker.decode(): end for worker, end in found}

    async def ends(self, workers: list[str]) -> dict[str, float]:
        """When these leases end; 0 where there is none."""
        found = await self._redis.zmscore(self._control.workers, workers) if workers else []
        return {worker: end or 0 for worker, end in zip(workers, found, strict=True)}

    async def lengths(self, workers: list[str]) -> dict[str, float]:
        """How long their leases are, in ms."""
        if not workers:
            return {}
        try:
            told = await self._redis.hmget(self._control.leases, workers)
        except ResponseError as error:
            logger.warning(
                "Cannot read how long the leases of workers are, taking %g s: %s", self._length, error
            )
            told = [None] * len(workers)
        own = self._length * 1000
        return {worker: float(lease or own) for worker, lease in zip(workers, told, strict=True)}

    async def forget(self, worker: str) -> None:
        """A worker that went holds none."""
        await self._redis.zrem(self._control.workers, worker)
        with suppress(ResponseError):
            await self._redis.hdel(self._control.leases, worker, known_as(worker))
