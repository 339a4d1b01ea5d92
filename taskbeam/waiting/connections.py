"""The connections of one event loop to the server with the journals: two, however many tasks are waited for.

They are made for whoever waits first, and closed some seconds after the last one has gone, or with the loop.
"""

from __future__ import annotations

import asyncio
import os
from contextlib import AsyncExitStack, contextmanager
from typing import TYPE_CHECKING, Any

from taskbeam.background.event_loops import forget_closed
from taskbeam.background.tasks import BackgroundTasks
from taskbeam.connections.journal import JournalSettings, journal_backend, journal_redis
from taskbeam.follow.connections import exchange_with, journals_by, subscriber_of
from taskbeam.follow.hub import Hub
from taskbeam.follow.missing import MissingJournals
from taskbeam.follow.position_check import PositionCheck
from taskbeam.queues.audience import Audience

if TYPE_CHECKING:
    from collections.abc import Iterator

    from celery import Celery

#: Seconds that a command may take, and from one look for a lost publication to the next.
TIMEOUT, CHECK = 5.0, 15.0

#: Seconds for which a journal that is missing is believed to come back: as long as a gateway believes it.
GRACE = 600.0

#: Seconds for which connections stay that nobody uses: whoever waits for one task often waits for the next.
LINGER = 5.0

#: Bytes of a journal that one look brings.
PIECE = 256 * 1024


class Connections:
    """To the server of one Celery application, in one event loop. Raises `CeleryConfigurationError`."""

    def __init__(self, celery_app: Celery) -> None:
        backend = journal_backend(celery_app)
        settings = JournalSettings.of(backend)
        sharded = settings.options.sharded
        self._redis = journal_redis(backend, TIMEOUT)
        self._reads = exchange_with(self._redis, TIMEOUT)
        reader = journals_by(self._reads, settings.names, PIECE)
        self.hub = Hub(reader, Audience(), MissingJournals(GRACE), settings.names)
        self._subscriber = subscriber_of(self._redis, self.hub, sharded=sharded)
        self.hub.attach(self._subscriber)
        self._check = PositionCheck(self.hub, reader, CHECK, sharded=sharded)
        self._users = self._came = 0
        self._left = asyncio.Event()
        #: They are being closed; whoever comes now needs new ones.
        self.closing = False
        self._background, self._keeper = BackgroundTasks(), BackgroundTasks()

    def start(self) -> None:
        """Connect, in the background."""
        self._background.keep("subscriber of awaited tasks", self._subscriber.run)
        self._background.keep("position check of awaited tasks", self._check.run)
        self._keeper.once("connections of awaited tasks", self._stay)

    async def get(self, key: str) -> Any:
        """The value of a key, None where there is none; raises redis-py's errors."""
        [value] = await self._reads.execute((b"GET", key))
        return value

    @contextmanager
    def used(self) -> Iterator[None]:
        """They stay at least as long as the block."""
        self._users += 1
        self._came += 1
        try:
            yield
        finally:
            self._users -= 1
            if not self._users:
                self._left.set()

    async def _stay(self) -> None:
        # From the last to the first: each is called, also where another cancellation ends the one before.
        async with AsyncExitStack() as closing:
            closing.push_async_callback(self._redis.aclose)
            closing.push_async_callback(self._reads.aclose)
            closing.push_async_callback(self._background.stop)
            try:
                await self._until_unused()
            finally:
                self.closing = True

    async def _until_unused(self) -> None:
        while True:
            await self._left.wait()
            self._left.clear()
            came = self._came
            await asyncio.sleep(LINGER)
            if not self._users and came == self._came:
                return


def running_loop() -> asyncio.AbstractEventLoop:
    """The event loop of whoever waits. Raises `RuntimeError` where there is none."""
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        raise RuntimeError(
            "Waiting for a task needs a running asyncio event loop. Trio is not supported."
        ) from None


class _Registry:
    """The connections of this process' event loops. A process that was forked begins without any."""

    def __init__(self) -> None:
        self._pid = os.getpid()
        self._loops: dict[asyncio.AbstractEventLoop, dict[Celery, Connections]] = {}

    def of(self, celery_app: Celery) -> Connections:
        """Those of the running loop; raises `RuntimeError` without one, and `CeleryConfigurationError`."""
        loop = running_loop()
        if self._pid != os.getpid():
            self.__init__()  # type: ignore[misc]
        if loop not in self._loops:
            forget_closed(self._loops)  # their connections were closed with them
            self._loops[loop] = {}
        connections = self._loops[loop]
        found = connections.get(celery_app)
        if found is None or found.closing:
            found = connections[celery_app] = Connections(celery_app)
            found.start()
        return found


#: The connections that whoever runs in this loop shares with all others who wait.
connections_of = _Registry().of
