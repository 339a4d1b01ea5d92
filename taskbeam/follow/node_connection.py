"""The pub/sub connection to one server of a cluster, and the slots whose channels are subscribed to there."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING, Protocol

from taskbeam.background.backoff import Backoff
from taskbeam.cluster.redirection import Ask, redirection
from taskbeam.cluster.slot_map import Address
from taskbeam.follow.pubsub import PubSubConnection
from taskbeam.follow.subscriber import FIRST_BACKOFF, LAST_BACKOFF, PING_INTERVAL
from taskbeam.journal.away import REDIS_AWAY

if TYPE_CHECKING:
    from collections.abc import Iterable

    from redis.asyncio import Redis
    from redis.exceptions import ResponseError

logger = logging.getLogger(__name__)


class Keeper(Protocol):
    """Who decides which slots are a server's."""

    def connected_to(self, node: NodeConnection) -> Iterable[bytes]:
        """It is connected; returns the channels to subscribe to."""

    def acknowledged(self, node: NodeConnection, name: bytes) -> None:
        """The server has acknowledged a subscription."""

    def published(self, name: bytes, payload: bytes) -> None:
        """Something was published."""

    def ended(self, node: NodeConnection, name: bytes) -> None:
        """The server has ended a subscription: its slot is no longer there."""

    def moved(self, node: NodeConnection, slot: int, master: Address) -> None:
        """The server has refused a subscription: the slot has another master."""

    def lost(self, node: NodeConnection) -> None:
        """There is no connection: it cannot be made, or was lost, and all subscriptions with it."""


class NodeConnection:
    """Kept, and made again when it is lost, until `run` is cancelled. ``slots``: what belongs here."""

    def __init__(self, address: Address, client: Redis, keeper: Keeper) -> None:
        self.address = address
        self.slots: set[int] = set()
        self._client = client
        self._keeper = keeper
        self._connection: PubSubConnection | None = None

    @property
    def connected(self) -> bool:
        """Whether there is a connection now."""
        return self._connection is not None

    def subscribe(self, names: Iterable[bytes]) -> None:
        """Subscribe, if it is connected."""
        self._command(b"SSUBSCRIBE", names)

    def unsubscribe(self, names: Iterable[bytes]) -> None:
        """No longer subscribe."""
        self._command(b"SUNSUBSCRIBE", names)

    async def run(self) -> None:
        """Keep the connection until cancelled."""
        backoff = Backoff(FIRST_BACKOFF, LAST_BACKOFF)
        while True:
            connection = PubSubConnection(
                lambda name: self._keeper.acknowledged(self, name),
                self._keeper.published,
                lambda name: self._keeper.ended(self, name),
                self._refused,
            )
            try:
                await connection.open(self._client)
            except REDIS_AWAY as error:
                logger.warning("Cannot connect to Redis at %s, trying again: %s", self.address, error)
                self._keeper.lost(self)
            else:
                logger.info("Connected to Redis at %s", self.address)
                began = time.monotonic()
                await self._serve(connection)
                # A connection that dies at once is no success.
                if time.monotonic() - began > LAST_BACKOFF:
                    backoff.reset()
            await asyncio.sleep(backoff.next())

    async def _serve(self, connection: PubSubConnection) -> None:
        self._connection = connection
        try:
            self.subscribe(self._keeper.connected_to(self))
            await connection.until_lost(PING_INTERVAL)
            logger.warning("Lost the connection to Redis at %s, connecting again", self.address)
        finally:
            self._connection = None
            connection.close()
            self._keeper.lost(self)

    def _command(self, verb: bytes, names: Iterable[bytes]) -> None:
        if self._connection is not None:
            # Redis refuses a command whose channels are in several slots.
            for name in names:
                self._connection.command(verb, name)

    def _refused(self, error: ResponseError) -> None:
        said = redirection(error)
        if said is not None and said.asks is Ask.MOVED:
            master = Address(said.address.host or self.address.host, said.address.port)
            if self._connection is not None:
                self._connection.forget(said.slot)
            self._keeper.moved(self, said.slot, master)
            return
        # Of no other refusal it is known which subscription it is about.
        logger.warning("Redis at %s refused a subscription, connecting again: %s", self.address, error)
        if self._connection is not None:
            self._connection.close()
