"""Events between the hub, which does not wait, and whoever iterates over them."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from taskbeam.follow.event import Event
    from taskbeam.follow.follower import Follower
    from taskbeam.follow.outputs import End

#: Events that are held for a slow reader. For more it goes back to the journal.
MOST = 1000


class Mailbox:
    """A `Sink`. ``follower`` is to be set to whose it is."""

    def __init__(self) -> None:
        self.follower: Follower | None = None
        #: Why nothing more comes; None while something may.
        self.end: End | None = None
        self._events: deque[Event] = deque()
        self._news = asyncio.Event()
        self._paused = False

    def deliver(self, events: Sequence[Event]) -> None:
        """Hold them."""
        self._events.extend(events)
        self._news.set()
        if len(self._events) > MOST and self.follower is not None and not self._paused:
            self._paused = True
            self.follower.pause()

    def finish(self, end: End) -> None:
        """Nothing more comes."""
        self.end = end
        self._news.set()

    async def bodies(self) -> AsyncIterator[bytes]:
        """The events, as they come, to the end."""
        while True:
            while self._events:
                yield self._events.popleft().body
            if self._paused and self.follower is not None:
                self._paused = False
                self.follower.resume()
            elif self.end is not None:
                return
            self._news.clear()
            if not self._events and self.end is None:
                await self._news.wait()
