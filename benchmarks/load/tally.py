"""How many events have arrived, at all clients together, and a way to wait for a number of them."""

from __future__ import annotations

import asyncio


class Tally:
    """Counts, and wakes the one who waits."""

    __slots__ = ("_awaited", "_reached", "total")

    def __init__(self) -> None:
        self.total = 0
        self._awaited = 0
        self._reached: asyncio.Future[None] | None = None

    def count(self) -> None:
        """One more."""
        self.total += 1
        if self.total == self._awaited and self._reached is not None and not self._reached.done():
            self._reached.set_result(None)

    async def reach(self, total: int, patience: float) -> bool:
        """Wait until so many have arrived; False when ``patience`` seconds pass first."""
        if self.total >= total:
            return True
        self._awaited = total
        self._reached = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(patience):
                await self._reached
        except TimeoutError:
            return False
        return True
