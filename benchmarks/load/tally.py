"""How many events have arrived, at all clients together, how late, and a way to wait for a number of them."""

from __future__ import annotations

import asyncio
from array import array


class Tally:
    """Counts, and wakes the one who waits."""

    __slots__ = ("_awaited", "_reached", "latencies", "total")

    def __init__(self) -> None:
        self.total = 0
        #: Seconds from the making of an event to its arrival, one for each that arrived.
        self.latencies = array("d")
        self._awaited = 0
        self._reached: asyncio.Future[None] | None = None

    def count(self, latency: float, events: int = 1) -> None:
        """One more, or several of which only the last was seen."""
        self.total += events
        self.latencies.append(latency)
        if self.total >= self._awaited and self._reached is not None and not self._reached.done():
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
