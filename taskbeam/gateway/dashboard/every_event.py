"""Hears the events of all tasks: the one place that knows how they are published."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from contextlib import AbstractAsyncContextManager

    from redis.asyncio import Redis

    from taskbeam.journal.keys import JournalNames

#: Seconds until a server has taken the subscription.
SUBSCRIBING = 5.0


class MissedError(Exception):
    """Events may be missing between the last one and the next."""


class Heard(Protocol):
    """Events as they come."""

    async def next(self, seconds: float) -> tuple[str, bytes] | None:
        """The channel and the record of the next one, within so many seconds; None: there is none.

        Raises `MissedError`, redis-py's errors.
        """
        ...


class EventSource(Protocol):
    """Where the events of all tasks come from."""

    def hear(self) -> AbstractAsyncContextManager[Heard]:
        """Hear all that is published while the block lasts. Raises redis-py's errors."""
        ...


class OneServer:
    """The channels of one Redis server, by pattern."""

    def __init__(self, redis: Redis, names: JournalNames) -> None:
        self._redis: Any = redis
        self._pattern = channel_pattern(names.prefix)

    @asynccontextmanager
    async def hear(self) -> AsyncIterator[Heard]:
        """As `EventSource`."""
        async with self._redis.pubsub() as channels:
            await channels.psubscribe(self._pattern)
            await channels.get_message(timeout=SUBSCRIBING)  # the acknowledgement
            yield _Channels(channels)


class _Channels:
    def __init__(self, channels: Any) -> None:
        self._channels = channels

    async def next(self, seconds: float) -> tuple[str, bytes] | None:
        message = await self._channels.get_message(timeout=seconds)
        if message is None:
            return None
        if message["type"] != "pmessage":
            # redis-py connects again by itself, and subscribes again.
            raise MissedError
        return message["channel"].decode(errors="replace"), message["data"]


def channel_pattern(prefix: str) -> str:
    """Of the channels of all tasks; what Redis' patterns know as special is escaped."""
    return f"{{{escaped(prefix)}*}}:live"


def head_pattern(prefix: str) -> str:
    """Of the heads of their journals, for SCAN."""
    return f"{{{escaped(prefix)}*}}:head"


def escaped(prefix: str) -> str:
    """A prefix as it stands in a pattern of Redis."""
    return "".join(f"\\{char}" if char in "*?[]\\^-" else char for char in prefix)
