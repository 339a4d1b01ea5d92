"""What stands around the jobs at this moment: workers, and the queues before them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from redis.asyncio import Redis

from taskbeam.journal.keys import WORKERS, queue_keys, runs_key
from taskbeam.queues.state import read_states

if TYPE_CHECKING:
    from collections.abc import Sequence

#: How Kombu names its queues in Redis: a set per exchange of "routing key, pattern, queue", and a list for
#: each priority of a queue.
BINDINGS = "_kombu.binding.*"
SEPARATOR = "\x06\x16"
PRIORITIES = ("", *(f"{SEPARATOR}{step}" for step in (3, 6, 9)))

#: Celery's own queues: events, and answers to remote control.
INTERNAL = ("celeryev", "pidbox")


def broker_client(url: str, timeout: float) -> Redis | None:
    """An unconnected client of the broker; None where it is not a single Redis."""
    if not url.startswith(("redis://", "rediss://")):
        return None
    client: Redis = Redis.from_url(url, protocol=2, socket_timeout=timeout, client_name="taskbeam-gateway")
    return client


async def read_workers(redis: Redis, now_ms: int) -> list[dict[str, Any]]:
    """Each worker with a lease: its name, whether the lease holds, and how many tasks it runs."""
    leases: Any = await redis.zrange(WORKERS, 0, -1, withscores=True)
    pipeline: Any = redis.pipeline(transaction=False)
    for worker, _ in leases:
        pipeline.hlen(runs_key(worker.decode()))
    running = await pipeline.execute() if leases else []
    return [
        {"name": worker.decode().rpartition(":")[0], "alive": end > now_ms, "running": count}
        for (worker, end), count in zip(leases, running, strict=True)
    ]


async def queue_names(broker: Redis) -> list[str]:
    """The queues that were ever declared on the broker, without Celery's own."""
    names: set[str] = set()
    async for binding in broker.scan_iter(BINDINGS, count=1000):
        members: Any = await broker.smembers(binding)
        names |= {member.decode().rpartition(SEPARATOR)[2] for member in members}
    return sorted(name for name in names if not any(word in name for word in INTERNAL))


async def read_queues(redis: Redis, broker: Redis, names: Sequence[str]) -> list[dict[str, Any]]:
    """Each queue: how many messages wait in it, and how many tasks its workers run at once."""
    if not names:
        return []
    pipeline: Any = broker.pipeline(transaction=False)
    for name in names:
        for priority in PRIORITIES:
            pipeline.llen(name + priority)
    lengths = await pipeline.execute()
    each = len(PRIORITIES)
    depths = [sum(lengths[start : start + each]) for start in range(0, len(lengths), each)]
    states = await read_states(redis, {queue_keys(name).base for name in names}, set())
    return [
        {"name": name, "depth": depth, "slots": states.queues[queue_keys(name).base].slots}
        for name, depth in zip(names, depths, strict=True)
    ]
