"""What the history has not yet: rows of tasks that have ended, in a stream of Redis.

Whoever writes the operators' list adds them in the same step. Whoever keeps the history takes them from the
front, writes them, and only then drops them. So a gateway may die at any moment, and two may do it at once:
a row is written twice then, and never lost.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from taskbeam.gateway.dashboard.rows import Row
    from taskbeam.journal.control_keys import ControlKeys


class Debt(NamedTuple):
    """Some rows that are owed, the oldest first, and up to where they go."""

    rows: list[Row]
    last: str


class Owed:
    """Of one gateway. Its methods raise redis-py's errors."""

    def __init__(self, redis: Redis, control: ControlKeys) -> None:
        self._redis: Any = redis
        self._stream = control.dashboard_owed

    async def next(self, most: int) -> Debt | None:
        """The oldest of them; None: there are none."""
        entries = await self._redis.xrange(self._stream, count=most)
        if not entries:
            return None
        return Debt([json.loads(fields[b"row"]) for _, fields in entries], entries[-1][0].decode())

    async def paid(self, debt: Debt) -> None:
        """They are kept."""
        milliseconds, _, number = debt.last.partition("-")
        await self._redis.xtrim(self._stream, minid=f"{milliseconds}-{int(number) + 1}", approximate=False)

    async def count(self) -> int:
        """How many there are."""
        return int(await self._redis.xlen(self._stream))
