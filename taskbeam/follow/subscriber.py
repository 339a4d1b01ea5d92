"""The one Redis pub/sub connection of a gateway process, read straight from the socket."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING, Protocol

from taskbeam.background.backoff import Backoff
from taskbeam.follow.pubsub import PubSubConnection
from taskbeam.journal.away import REDIS_AWAY
from taskbeam.measures.redis_traffic import RedisTraffic

if TYPE_CHECKING:
    from redis.asyncio import Redis

logger = logging.getLogger(__name__)

#: Seconds between two tries to connect: a random part of a limit that doubles.
FIRST_BACKOFF = 0.05
LAST_BACKOFF = 2.0

#: A silent connection is asked for a sign of life this often, and given up after twice that, in seconds.
PING_INTERVAL = 10.0


class Listener(Protocol):
    """Who is told what Redis says."""

    def subscribed(self, name: bytes) -> None:
        """A subscription was acknowledged."""

    def published(self, name: bytes, payload: bytes) -> None:
        """Something was published."""

    def lost(self) -> list[bytes]:
        """The connection is gone; returns the names to subscribe to again."""


class Subscriptions(Protocol):
    """Where a hub subscribes."""

    def subscribe(self, *names: bytes) -> None:
        """Subscribe to these channels, as soon as that can be done."""

    def unsubscribe(self, *names: bytes) -> None:
        """No longer subscribe."""


class Subscriber:
    """Keeps the connection, and subscribes again to what is followed after each reconnect.

    Every acknowledgement reaches the listener: after a reconnect, what was published meanwhile is
    gone, and only the acknowledgement says so.
    """

    def __init__(
        self, redis: Redis, listener: Listener, *, sharded: bool = False, traffic: RedisTraffic | None = None
    ) -> None:
        """``traffic``: where each connection is counted."""
        self._traffic = traffic or RedisTraffic()
        self._redis = redis
        self._listener = listener
        self._sharded = sharded
        self._connection: PubSubConnection | None = None

    @property
    def connected(self) -> bool:
        """Whether there is a connection now."""
        return self._connection is not None

    async def run(self) -> None:
        """Keep the connection until cancelled."""
        backoff = Backoff(FIRST_BACKOFF, LAST_BACKOFF)
        while True:
            try:
                connection = await self._connect()
            except REDIS_AWAY as error:
                logger.warning("Cannot connect to Redis, trying again: %s", error)
            else:
                logger.info("Connected to Redis")
                began = time.monotonic()
                await self._serve(connection)
                # A connection that dies at once is no success.
                if time.monotonic() - began > LAST_BACKOFF:
                    backoff.reset()
            await asyncio.sleep(backoff.next())

    def subscribe(self, *names: bytes) -> None:
        """Subscribe now, if there is a connection; else it is done when there is one."""
        self._command(b"SUBSCRIBE", names)

    def unsubscribe(self, *names: bytes) -> None:
        """No longer subscribe."""
        self._command(b"UNSUBSCRIBE", names)

    def _command(self, verb: bytes, names: tuple[bytes, ...]) -> None:
        if self._connection is None or not names:
            return
        if self._sharded:
            # Redis refuses a command whose channels are in several slots, on one server too.
            for name in names:
                self._connection.command(b"S" + verb, name)
        else:
            self._connection.command(verb, *names)

    async def _connect(self) -> PubSubConnection:
        connection = PubSubConnection(self._listener.subscribed, self._listener.published)
        await connection.open(self._redis)
        self._traffic.subscribing += 1
        return connection

    async def _serve(self, connection: PubSubConnection) -> None:
        self._connection = connection
        try:
            self.subscribe(*self._listener.lost())
            await connection.until_lost(PING_INTERVAL)
            logger.warning("Lost the connection to Redis, connecting again")
        finally:
            self._connection = None
            connection.close()
            self._listener.lost()
