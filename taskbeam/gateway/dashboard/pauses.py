"""Which workers an operator has told not to consume a queue, as long as each of them lives.

Celery keeps it nowhere: a worker that starts again consumes all of its queues.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from taskbeam.presence.lease import known_as

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from redis.asyncio import Redis

    from taskbeam.journal.control_keys import ControlKeys


class Pauses:
    """Its methods raise redis-py's errors. Workers are called what Celery calls them."""

    def __init__(self, redis: Redis, control: ControlKeys) -> None:
        self._redis: Any = redis  # redis-py's types leave open whether replies are decoded
        self._control = control

    async def note(self, queue: str, workers: Collection[str]) -> None:
        """These have stopped; their leases need not tell it first."""
        if not workers:
            return
        keys, alive = self._control.queue(queue), await self._alive()
        # Whoever keeps no lease is not known to go, so neither is its pause to end.
        paused = {worker: alive.get(worker, "") for worker in workers}
        told = await self._redis.zrange(keys.consumers, 0, -1)
        gone = [each for each in told if each.decode().rpartition(" ")[0] in paused.values()]
        pipeline = self._redis.pipeline(transaction=True)
        pipeline.hset(keys.paused, mapping=paused)
        if gone:
            pipeline.zrem(keys.consumers, *gone)
        await pipeline.execute()

    async def forget(self, queue: str, workers: Collection[str]) -> None:
        """These consume it again."""
        if workers:
            await self._redis.hdel(self._control.queue(queue).paused, *workers)

    async def of(self, queue: str) -> dict[str, bool]:
        """Each that was told to stop, with whether it may live since then.

        One is known to be gone that has given up its lease, or was reported as lost. A lease that has run
        out may be renewed: its worker may be cut off for a moment. Whoever keeps none is not known to go.
        """
        found = await self._redis.hgetall(self._control.queue(queue).paused)
        paused = {worker.decode(): lease.decode() for worker, lease in found.items()}
        kept = [lease for lease in paused.values() if lease]
        ends = await self._redis.zmscore(self._control.workers, kept) if kept else []
        held = {"", *(lease for lease, end in zip(kept, ends, strict=True) if end)}
        now = await self._alive()
        return {
            worker: lease in held and (not lease or now.get(worker, lease) == lease)
            for worker, lease in paused.items()
        }

    async def consuming(self, queue: str) -> set[str]:
        """Those whose leases say that they consume it."""
        leases = await self._consumers(queue)
        return {worker for worker, lease in (await self._alive()).items() if lease in leases}

    async def counts(self, queues: Sequence[str]) -> Mapping[str, int]:
        """How many live workers do not consume each of the queues because they were told so."""
        pipeline = self._redis.pipeline(transaction=False)
        for queue in queues:
            pipeline.hgetall(self._control.queue(queue).paused)
        found = await pipeline.execute() if queues else []
        paused = {
            queue: [lease.decode() for lease in leases.values()]
            for queue, leases in zip(queues, found, strict=True)
        }
        if not any(paused.values()):
            return {}
        alive = {*(await self._alive()).values(), ""}
        counts = {}
        for queue, leases in paused.items():
            idle = alive - await self._consumers(queue)
            # Those that keep no lease are told apart by their names alone.
            if still := sum(lease in idle for lease in leases):
                counts[queue] = still
        return counts

    async def _consumers(self, queue: str) -> set[str]:
        """The leases that tell of consuming it."""
        now_s, _ = await self._redis.time()
        found = await self._redis.zrangebyscore(
            self._control.queue(queue).consumers, int(now_s) * 1000, "+inf"
        )
        return {each.decode().rpartition(" ")[0] for each in found}

    async def _alive(self) -> dict[str, str]:
        """The workers with a lease that holds: Celery's name, and the lease's."""
        now_s, _ = await self._redis.time()
        found = await self._redis.zrangebyscore(self._control.workers, int(now_s) * 1000, "+inf")
        if not found:
            return {}
        leases = [lease.decode() for lease in found]
        told = await self._redis.hmget(self._control.leases, list(map(known_as, leases)))
        names = [(raw or b"").decode(errors="replace").partition(" ")[2] for raw in told]
        return {name: lease for name, lease in zip(names, leases, strict=True) if name}
