"""The queue of what is to be sent: a sorted set in Redis, which any number of senders may work off.

At least once: what a sender has taken comes back when it does not say in time what became of it.
"""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING, Any, NamedTuple

from taskbeam.notifications.members import read_due

if TYPE_CHECKING:
    from collections.abc import Iterable

    from redis.asyncio import Redis

    from taskbeam.journal.control_keys import ControlKeys
    from taskbeam.notifications.members import Due, End, Message


class Taken(NamedTuple):
    """One that a sender has taken. ``since``: when (ms, Redis' clock) it was due; ``tries``: in vain."""

    due: Due
    since: int
    tries: int


class Claim(NamedTuple):
    """What a look brought. ``wait``: seconds until the next is due; None = nothing is."""

    taken: list[Taken]
    wait: float | None


def script(redis: Redis, name: str) -> Any:
    """One of the scripts beside this file."""
    return redis.register_script(files(__package__).joinpath(f"{name}.lua").read_text("utf-8"))


class DueSet:
    """All of it raises redis-py's errors."""

    def __init__(self, redis: Redis, control: ControlKeys) -> None:
        self._redis: Any = redis
        self._due, self._tries = control.notify_due, control.notify_tries
        self._claim, self._put_back, self._expand = (
            script(redis, name) for name in ("claim", "put_back", "expand")
        )

    async def claim(self, most: int, lease: float) -> Claim:
        """Take at most so many, the longest due first, for ``lease`` seconds."""
        wait, *rows = await self._claim([self._due, self._tries], [round(lease * 1000), most])
        taken = []
        for member, since, tries in zip(rows[::3], rows[1::3], rows[2::3], strict=True):
            try:
                due = read_due(member.decode())
            except ValueError:
                # A newer version's, or nobody's: it comes again when its lease is over.
                continue
            taken.append(Taken(due, int(float(since)), tries))
        return Claim(taken, float(wait) / 1000 if wait else None)

    async def put_back(self, due: Due, seconds: float, *, in_vain: bool) -> None:
        """It is due again in so many seconds. ``in_vain``: it was sent, and not taken."""
        await self._put_back([self._due, self._tries], [str(due), round(seconds * 1000), int(in_vain)])

    async def expand(self, end: End, since: int, messages: Iterable[Message]) -> None:
        """An end becomes these messages, as old as it is."""
        await self._expand([self._due], [str(end), since, *map(str, messages)])

    async def put(self, due: Due) -> None:
        """It is due at once, unless it is already."""
        seconds, microseconds = await self._redis.time()
        await self._redis.zadd(self._due, {str(due): seconds * 1000 + microseconds // 1000}, nx=True)

    async def again(self, message: Message) -> None:
        """Send it at once, as if it never was, and whatever its owner wants to hear by now."""
        first, replayed = str(message._replace(replayed=False)), str(message._replace(replayed=True))
        pipeline = self._redis.pipeline(transaction=True)
        pipeline.hdel(self._tries, first, replayed)
        # Else both would be sent.
        pipeline.zrem(self._due, first)
        pipeline.zadd(self._due, {replayed: 0})
        await pipeline.execute()

    async def remove(self, due: Due) -> None:
        """It is done with."""
        pipeline = self._redis.pipeline(transaction=True)
        pipeline.zrem(self._due, str(due))
        pipeline.hdel(self._tries, str(due))
        await pipeline.execute()

    async def waiting(self) -> int:
        """How many are due, now or later."""
        return int(await self._redis.zcard(self._due))
