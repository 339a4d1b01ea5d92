"""A right that one gateway at a time has, for as long as it renews it in Redis."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from taskbeam.journal.away import REDIS_AWAY
from taskbeam.journal.entry import new_token

if TYPE_CHECKING:
    from redis.asyncio import Redis


#: Seconds that a gateway which stops waits for a Redis that says nothing.
LEAVING = 0.5


class Lease:
    """Of one gateway. Its methods raise redis-py's errors."""

    def __init__(self, redis: Redis, key: str, milliseconds: int) -> None:
        """It is held for so many ``milliseconds`` from each time on that it is taken or renewed."""
        self._redis: Any = redis
        self._key = key
        self._lasts = milliseconds
        self._me = new_token()

    async def take(self) -> bool:
        """Take it, where nobody else has it; returns whether it is held now."""
        taken = await self._redis.set(self._key, self._me, nx=True, px=self._lasts)
        return bool(taken) or await self.renew()

    async def renew(self) -> bool:
        """Hold it longer; returns whether it was still held."""
        if await self._redis.get(self._key) != self._me.encode():
            return False
        return bool(await self._redis.pexpire(self._key, self._lasts))

    async def release(self) -> None:
        """Let another gateway have it at once."""
        if await self.renew():
            await self._redis.delete(self._key)

    async def leave(self) -> None:
        """The same for a gateway that stops, which waits for no Redis that is away. Raises nothing."""
        with suppress(*REDIS_AWAY):
            async with asyncio.timeout(LEAVING):
                await self.release()
