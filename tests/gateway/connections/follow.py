"""Follow a task as the gateway does: subscribe, and read its journal, each over a connection of its own."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from taskbeam.follow.subscriber import Subscriber
from taskbeam.journal.events import Record
from taskbeam.journal.history import History
from taskbeam.journal.pipelined_connection import PipelinedConnection
from taskbeam.journal.reader import JournalReader
from tests.support.ending import end
from tests.support.waiting import DEADLINE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from redis.asyncio import Redis

    from taskbeam.journal.keys import TaskKeys

MANY = 10_000


class Following:
    """What is published about one task."""

    def __init__(self, channel: str) -> None:
        self._channel = channel.encode()
        self._subscribed = asyncio.Event()
        self._heard: asyncio.Queue[Record] = asyncio.Queue()

    async def until_subscribed(self) -> None:
        """Return when Redis has acknowledged the subscription."""
        await asyncio.wait_for(self._subscribed.wait(), DEADLINE)

    async def heard(self, count: int) -> list[Record]:
        """The next records that are published."""
        async with asyncio.timeout(DEADLINE):
            return [await self._heard.get() for _ in range(count)]

    # What the subscriber calls.

    def subscribed(self, name: bytes) -> None:
        assert name == self._channel
        self._subscribed.set()

    def published(self, name: bytes, payload: bytes) -> None:
        assert name == self._channel
        self._heard.put_nowait(Record.parse(payload))

    def lost(self) -> list[bytes]:
        return [self._channel]


@asynccontextmanager
async def following(redis: Redis, keys: TaskKeys, *, sharded: bool = False) -> AsyncIterator[Following]:
    """Subscribed from the beginning of the block to its end."""
    listener = Following(keys.channel)
    running = asyncio.create_task(Subscriber(redis, listener, sharded=sharded).run())
    try:
        await listener.until_subscribed()
        yield listener
    finally:
        await end(running)
        await asyncio.sleep(0)  # asyncio closes the socket in its next turn


async def read_journal(redis: Redis, keys: TaskKeys) -> list[Record]:
    """All that the journal has."""
    connection = PipelinedConnection(redis, DEADLINE)
    try:
        history = await JournalReader(connection, MANY * 1024).read(keys, None, MANY)
    finally:
        await connection.aclose()
    assert isinstance(history, History)
    return history.records
