"""A publication may be lost though the connection stands: once per heartbeat it is asked where journals end.

Centrifugo checks the stream position of its subscribers in the same way.
"""

from __future__ import annotations

import asyncio
import math
from contextlib import suppress
from typing import TYPE_CHECKING

from taskbeam.journal.away import REDIS_AWAY
from taskbeam.journal.keys import head_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from taskbeam.follow.hub import Hub
    from taskbeam.journal.events import EventId
    from taskbeam.journal.reader import JournalReader

#: Tasks that one call looks at: about a millisecond, here and in Redis. Others are served in between. With
#: fewer, most of the cost is that of waking up: what it takes has left the processor's cache.
AT_ONCE = 1000

#: Seconds that an event may be under way on the connection that brings publications.
UNDER_WAY = 0.2


class PositionCheck:
    """Looks where the journals of followed tasks end, and lets the hub read those that have more."""

    def __init__(self, hub: Hub, reader: JournalReader, interval: float, *, sharded: bool = False) -> None:
        """Each task is looked at once per ``interval`` seconds.

        ``sharded``: the tasks may be on different servers, so each has a call of its own.
        """
        self._hub = hub
        self._reader = reader
        self._interval = interval
        self._at_once = 1 if sharded else AT_ONCE

    async def run(self) -> None:
        """Look until cancelled; the tasks take their turns over the interval.

        Whose turn it is, the name says. So a task that somebody follows meanwhile has its turn in time, too.
        """
        while True:
            turns = max(1, math.ceil(len(self._hub.followed()) / AT_ONCE))
            for turn in range(turns):
                await asyncio.sleep(self._interval / turns)
                await self.check([name for name in self._hub.followed() if hash(name) % turns == turn])

    async def check(self, names: Sequence[bytes]) -> None:
        """Look at these now, at all servers at once."""
        positions = list(self._hub.positions(names).items())
        starts = range(0, len(positions), self._at_once)
        await asyncio.gather(*(self._check(positions[start : start + self._at_once]) for start in starts))

    async def _check(self, part: Sequence[tuple[bytes, EventId]]) -> None:
        with suppress(*REDIS_AWAY):  # when it is back, all journals are read
            elsewhere = await self._reader.ends_elsewhere(
                [head_of(name) for name, _ in part], [position for _, position in part]
            )
            if elsewhere:
                await asyncio.sleep(UNDER_WAY)
            for index in elsewhere:
                self._hub.missed(*part[index])
