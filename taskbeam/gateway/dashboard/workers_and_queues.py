"""What stands around the jobs at this moment: workers, and the queues before them."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from taskbeam.gateway.dashboard.pauses import Pauses
from taskbeam.presence.lease import known_as
from taskbeam.presence.row import Row
from taskbeam.queues.state import read_states

if TYPE_CHECKING:
    from collections.abc import Sequence

    from redis.asyncio import Redis

    from taskbeam.gateway.connections.broker import RedisBroker
    from taskbeam.journal.control_keys import ControlKeys

#: Celery's own queues: events, and answers to remote control.
INTERNAL = ("celeryev", "pidbox")


async def read_workers(redis: Redis, control: ControlKeys, now_ms: int) -> list[dict[str, Any]]:
    """Each worker with a lease: its name, whether the lease holds, and how many tasks it runs.

    Where it has said so, ``celery`` is what Celery calls it, and ``pool`` how many tasks it runs at once.
    """
    leases: Any = await redis.zrange(control.workers, 0, -1, withscores=True)
    pipeline: Any = redis.pipeline(transaction=False)
    for worker, _ in leases:
        pipeline.hlen(control.runs(worker.decode()))
    running = await pipeline.execute() if leases else []
    known = await _known(redis, control, [worker.decode() for worker, _ in leases])
    return [
        {"name": worker.decode().rpartition(":")[0], "alive": end > now_ms, "running": count, **said}
        for (worker, end), count, said in zip(leases, running, known, strict=True)
    ]


async def _known(redis: Any, control: ControlKeys, workers: Sequence[str]) -> list[dict[str, Any]]:
    """What each has said of itself; nothing where it is of an earlier version."""
    if not workers:
        return []
    told = await redis.hmget(control.leases, list(map(known_as, workers)))
    found = []
    for raw in told:
        pool, _, name = (raw or b"").decode(errors="replace").partition(" ")
        found.append({"celery": name, "pool": int(pool)} if name and pool.isdecimal() else {})
    return found


async def read_runs(redis: Redis, control: ControlKeys) -> dict[str, str]:
    """Which worker runs each task at this moment; raises redis-py's errors."""
    workers: Any = await redis.zrange(control.workers, 0, -1)
    pipeline: Any = redis.pipeline(transaction=False)
    for worker in workers:
        pipeline.hgetall(control.runs(worker.decode()))
    runs = await pipeline.execute(raise_on_error=False) if workers else []
    known = await _known(redis, control, [worker.decode() for worker in workers])
    found = {}
    for worker, rows, said in zip(workers, runs, known, strict=True):
        for raw in rows.values() if isinstance(rows, dict) else ():
            with suppress(ValueError, TypeError):
                name = said.get("celery") or worker.decode().rpartition(":")[0]
                found[Row.decode(raw).task_id] = name
    return found


async def queue_names(broker: RedisBroker) -> list[str]:
    """The queues that were ever declared on the broker, without Celery's own."""
    names: set[str] = set()
    async for binding in broker.redis.scan_iter(broker.names.bindings_pattern, count=1000):
        members: Any = await broker.redis.smembers(binding)
        names |= {broker.names.queue_of(member.decode()) for member in members}
    return sorted(name for name in names if not any(word in name for word in INTERNAL))


async def read_queues(
    redis: Redis, control: ControlKeys, broker: RedisBroker, names: Sequence[str]
) -> list[dict[str, Any]]:
    """Each queue: how many messages wait in it, and how many tasks its workers run at once.

    ``paused``: at how many workers, where it is at any.
    """
    if not names:
        return []
    pipeline: Any = broker.redis.pipeline(transaction=False)
    for name in names:
        for key in broker.names.lists(name):
            pipeline.llen(key)
    lengths = await pipeline.execute()
    each = len(broker.names.priorities)
    depths = [sum(lengths[start : start + each]) for start in range(0, len(lengths), each)]
    bases = [control.queue(name).base for name in names]
    states = await read_states(redis, control, set(bases), set())
    paused = await Pauses(redis, control).counts(names)
    return [
        {"name": name, "depth": depth, "slots": states.queues[base].slots}
        | ({"paused": paused[name]} if name in paused else {})
        for name, base, depth in zip(names, bases, depths, strict=True)
    ]
