"""One timer for all heartbeats: each second it is the turn of a part of the connections."""

from __future__ import annotations

import asyncio
import logging
from itertools import cycle
from typing import TYPE_CHECKING, Protocol

from taskbeam.background.log_fields import about

if TYPE_CHECKING:
    from collections.abc import Iterable

logger = logging.getLogger(__name__)


#: How many are beaten in one go: what comes meanwhile waits for no more than these.
AT_ONCE = 32


class Pingable(Protocol):
    """A connection that wants to be beaten now and then."""

    @property
    def number(self) -> int:
        """What log lines call it."""

    def ping(self) -> None:
        """Show the peer, and the proxies between, that the connection lives."""


class Heartbeats:
    """Beats every connection once per ``interval`` seconds, spread evenly over it.

    A timer per connection would cost memory, and one beat for all at once would hold up the loop.
    """

    def __init__(self, interval: float) -> None:
        slots = max(1, round(interval))
        self._slots: list[set[Pingable]] = [set() for _ in range(slots)]
        self._pause = interval / slots
        self._next_home = cycle(range(slots))

    def add(self, connection: Pingable) -> int:
        """Returns the slot to `remove` it from."""
        slot = next(self._next_home)
        self._slots[slot].add(connection)
        return slot

    def remove(self, connection: Pingable, slot: int) -> None:
        """The connection is gone."""
        self._slots[slot].discard(connection)

    async def run(self) -> None:
        """Beat until cancelled."""
        for slot in cycle(self._slots):
            await asyncio.sleep(self._pause)
            connections = tuple(slot)
            for start in range(0, len(connections), AT_ONCE):
                self._beat(connections[start : start + AT_ONCE])
                await asyncio.sleep(0)

    @staticmethod
    def _beat(connections: Iterable[Pingable]) -> None:
        for connection in connections:
            try:
                connection.ping()
            except Exception:
                logger.exception(
                    "A heartbeat failed; the others go on.", extra=about(connection=connection.number)
                )
