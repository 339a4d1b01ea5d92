"""What each person and each API key holds at all gateways, counted in Redis, beside the way of any request.

Each gateway tells every second what changed, under a lease, and hears of all who have no room left. So
whoever has as much as they may is refused at once, everywhere. Whoever came to several gateways in the same
second is turned away within the next. What a gateway held that died counts until its lease is over.
"""

from __future__ import annotations

import asyncio
import json
import logging
from contextlib import suppress
from importlib.resources import files
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from taskbeam.journal.away import REDIS_AWAY

if TYPE_CHECKING:
    from collections.abc import Sequence

    from redis.asyncio import Redis

    from taskbeam.gateway.limits.shared_counts import SharedCounts
    from taskbeam.gateway.shutdown import Shutdown
    from taskbeam.journal.control_keys import ControlKeys

logger = logging.getLogger(__name__)

#: Seconds between two reports, and for which a gateway's reports hold.
INTERVAL, LEASE = 1.0, 5.0

#: Names in one call: neither Redis nor the event loop does anything else meanwhile.
BATCH = 500

#: Names without room that every gateway hears of. Newcomers of others are turned away within the interval.
MOST_FULL = 1000


class Census:
    """Of one gateway; ``counts`` are its own."""

    def __init__(self, redis: Redis, control: ControlKeys, counts: Sequence[SharedCounts]) -> None:
        self._redis: Any = redis
        self._control = control
        self._counts = counts
        self._id = uuid4().hex
        self._tell = redis.register_script(files(__package__).joinpath("census.lua").read_text())
        self._known = False
        self._reachable = True

    async def run(self, shutdown: Shutdown) -> None:
        """Tell and ask, until the ``shutdown`` begins; while Redis is away, what was known holds.

        Then what is held here counts no more at once: its clients come to the others.
        """
        leaving = asyncio.Event()
        shutdown.when_begun(leaving.set)
        while not leaving.is_set():
            await self._try_exchange()
            with suppress(TimeoutError):
                async with asyncio.timeout(INTERVAL):
                    await leaving.wait()
        await self.withdraw()

    async def _try_exchange(self) -> None:
        try:
            await self.exchange()
            self._reachable = True
        except REDIS_AWAY as error:
            if self._reachable:
                logger.warning("Cannot count connections over all gateways, using what is known: %s", error)
            self._reachable = False

    async def exchange(self) -> None:
        """Tell what changed, and learn what the others hold. Raises redis-py's errors."""
        anew, self._known = not self._known, False  # until it is known that all was heard
        if anew:
            for counts in self._counts:
                counts.forget_reports()
        known = True
        # What changes meanwhile is told in the next interval.
        for _ in range(1 + max(counts.unreported for counts in self._counts) // BATCH):
            held = {digest: each for counts in self._counts for digest, each in counts.report(BATCH).items()}
            names = (self._control.census, self._control.census_full)
            before_id, lease = self._control.census_held(""), round(LEASE * 1000)
            arguments = (before_id, self._id, lease, MOST_FULL, int(anew), json.dumps(held))
            was_known, *found = await self._tell(keys=names, args=arguments)
            elsewhere = dict(zip(map(bytes.decode, found[::2]), found[1::2], strict=True))
            for counts in self._counts:
                counts.learn(elsewhere)
            known, anew = known and (anew or bool(was_known)), False
        self._known = known

    async def withdraw(self) -> None:
        """The gateway stops: what it held counts no more."""
        with suppress(*REDIS_AWAY):  # then its lease ends
            await self._redis.zrem(self._control.census, self._id)
            await self._redis.delete(self._control.census_held(self._id))
