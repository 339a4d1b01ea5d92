"""A bounded mailbox between the hub and a coroutine: the portable way to follow a task."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from taskbeam.follow.event import Event
    from taskbeam.follow.follower import Follower
    from taskbeam.follow.outputs import End
    from taskbeam.gateway.problems import Problem

#: Events that wait for a slow client. Past that the client catches up from the journal instead.
HIGH_WATER = 256


class Mailbox:
    """A sink that a coroutine empties."""

    def __init__(self, high_water: int = HIGH_WATER) -> None:
        self._events: deque[Event] = deque()
        self._high_water = high_water
        self._changed = asyncio.Event()
        self._paused = False
        self._follower: Follower | None = None
        self.admitted = False
        self.end: End | None = None
        self.problem: Problem | None = None
        self.restarting = False

    def belongs_to(self, follower: Follower) -> None:
        """Who is paused while the mailbox is full."""
        self._follower = follower

    def deliver(self, events: Sequence[Event]) -> None:
        self.admitted = True
        self._events.extend(events)
        self._changed.set()
        if len(self._events) >= self._high_water and self._follower is not None and not self._paused:
            self._paused = True
            self._follower.pause()

    def finish(self, end: End) -> None:
        self.end = end
        self._changed.set()

    def dismiss(self, problem: Problem) -> None:
        """Nothing more comes, and here is why."""
        self.problem = problem
        self._changed.set()

    def restart(self) -> None:
        """Nothing more comes from this process: it is about to end. The client goes on elsewhere."""
        self.restarting = True
        self._changed.set()

    async def first_delivery(self) -> None:
        """Wait for the first delivery, or the end."""
        while not self.admitted and self.end is None:
            await self._wait()

    async def take(self, timeout: float) -> list[Event]:  # noqa: ASYNC109
        """All that is there, oldest first; nothing after ``timeout`` seconds or when the end is reached."""
        if not self._events and not self.over:
            try:
                async with asyncio.timeout(timeout):
                    while not self._events and not self.over:
                        await self._wait()
            except TimeoutError:
                return []
        return self.take_now()

    def take_now(self) -> list[Event]:
        """All that is there, oldest first."""
        events = list(self._events)
        self._events.clear()
        if self._paused and self._follower is not None:
            self._paused = False
            self._follower.resume()
        return events

    @property
    def exhausted(self) -> bool:
        """Whether nothing is left, and nothing more comes."""
        return self.over and not self._events

    @property
    def over(self) -> bool:
        """Whether nothing more comes."""
        return self.end is not None or self.problem is not None or self.restarting

    async def _wait(self) -> None:
        self._changed.clear()
        await self._changed.wait()
