"""Who has which slot of a cluster, for one event loop: asked again whenever somebody finds it wrong."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, Final, cast

from taskbeam.background.backoff import Backoff
from taskbeam.background.cancellation import end
from taskbeam.background.logger import logger_for
from taskbeam.cluster.slot_map import CONTROL_SLOT, Address, SlotMap

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence

    from redis.asyncio import Redis
    from redis.asyncio.connection import Connection

logger = logger_for(__name__)

#: Servers that one look asks, one after the other, until one answers.
MOST_ASKED: Final = 6

#: Seconds between two looks that follow each other: a random part of a limit that doubles. A look that comes
#: `CALM` seconds after the last one is made at once.
FIRST_PAUSE, LAST_PAUSE, CALM = 0.05, 1.0, 2.0


class AsyncTopology:
    """The map of a cluster, and clients of its servers. Belongs to one event loop.

    All who find the map wrong at the same time share one look. A look begins with another server each time:
    one that is cut off from the others, or was just started again, answers with what it knew last.
    """

    def __init__(self, seeds: Sequence[Address], client: Callable[[Address], Redis], timeout: float) -> None:
        """Nothing is connected.

        Args:
            seeds: servers of the cluster, which are asked at first, and when no other one answers.
            client: makes the unconnected client of one server.
            timeout: seconds that one look takes at the most.
        """
        self.slots = SlotMap()
        #: Seconds that one look takes at the most.
        self.timeout = timeout
        self._seeds = tuple(seeds)
        self._make = client
        self._clients: dict[Address, Redis] = {}
        self._then: list[Callable[[], None]] = []
        self._each: list[Callable[[], None]] = []
        self._looking: asyncio.Task[None] | None = None
        self._looked: float | None = None
        self._turn = 0
        self._backoff = Backoff(FIRST_PAUSE, LAST_PAUSE)

    def client(self, address: Address) -> Redis:
        """The client of one server."""
        client = self._clients.get(address)
        if client is None:
            client = self._clients[address] = self._make(address)
        return client

    def moved(self, slot: int, master: Address) -> None:
        """A server says that the slot has another master now; most often others have moved, too."""
        self.slots.move(slot, master)
        self.look()

    def look(self, then: Callable[[], None] | None = None) -> None:
        """Ask the cluster again, in the background.

        ``then`` is called when that is over, whether or not a server has answered.
        """
        if then is not None:
            self._then.append(then)
        if self._looking is None:
            self._looking = asyncio.get_running_loop().create_task(self._look())
            self._looking.add_done_callback(self._over)

    def after_each_look(self, then: Callable[[], None]) -> None:
        """Call ``then`` whenever the cluster was asked, before those who have asked for that look."""
        self._each.append(then)

    async def refresh(self) -> None:
        """Ask the cluster again, and wait until that is over."""
        over = asyncio.get_running_loop().create_future()
        self.look(partial(_settle, over))
        await over

    async def master(self, slot: int) -> Address:
        """Whoever has the slot, once that is known. A look that is under way is waited for.

        Never returns where nobody has it: whoever calls sets a limit.
        """
        if self._looking is not None:
            await self.refresh()
        while (master := self.slots.master(slot)) is None:
            await self.refresh()
        return master

    async def info(self, section: str) -> list[Any]:
        """What each master says of itself, as redis-py's `Redis.info`; raises its errors."""
        await self.master(CONTROL_SLOT)
        told = []
        for address in self.slots.masters:
            async with self._connected(address) as connection:
                await connection.send_command("INFO", section)
                told.append(await self.client(address).parse_response(connection, "INFO"))
        return told

    async def aclose(self) -> None:
        """End a look that is under way; whoever waits for it is told that it is over."""
        if self._looking is not None:
            await end(self._looking)

    # A look.

    def _over(self, look: asyncio.Task[None]) -> None:
        self._looking = None
        if not look.cancelled() and (error := look.exception()) is not None:
            logger.error("Cannot look at the Redis Cluster", exc_info=error)
        waiting, self._then = self._then, []
        for then in (*self._each, *waiting):
            try:
                then()
            except Exception:
                logger.exception("Cannot use the map of the Redis Cluster")

    async def _look(self) -> None:
        loop = asyncio.get_running_loop()
        if self._looked is not None:
            if loop.time() - self._looked > CALM:
                self._backoff.reset()
            else:
                await asyncio.sleep(self._backoff.next())
        asked = self._next()
        failures = []
        for address in asked:
            try:
                async with asyncio.timeout(self.timeout / len(asked)):
                    reply = await self._slots_of(address)
            except Exception as error:  # an application's own credential provider may raise anything
                failures.append(f"{address}: {error!r}")
                continue
            if reply:
                self.slots = SlotMap.parse(reply, address)
                break
            failures.append(f"{address}: it knows no slots")
        else:
            logger.warning("No server of the Redis Cluster says who has which slot: %s", "; ".join(failures))
        self._looked = loop.time()

    def _next(self) -> list[Address]:
        """Those whom this look asks: the masters, each time from another one on, and seeds in the end."""
        known = _rotated(self.slots.masters, self._turn)[: MOST_ASKED // 2]
        seeds = _rotated(self._seeds, self._turn)
        self._turn += 1
        return list(dict.fromkeys([*known, *seeds]))[:MOST_ASKED]

    async def _slots_of(self, address: Address) -> list[Any]:
        async with self._connected(address) as connection:
            await connection.send_command("CLUSTER", "SLOTS")
            return cast("list[Any]", await connection.read_response())

    @asynccontextmanager
    async def _connected(self, address: Address) -> AsyncIterator[Connection]:
        """A connection of its own, which shows whether the server takes any.

        It is closed whatever happens: that of a pool stays open where whoever uses it is cancelled.
        """
        connection = cast("Connection", self.client(address).connection_pool.make_connection())
        try:
            await connection.connect()
            yield connection
        finally:
            await connection.disconnect(nowait=True)


def _rotated(addresses: tuple[Address, ...], turn: int) -> tuple[Address, ...]:
    first = turn % len(addresses) if addresses else 0
    return (*addresses[first:], *addresses[:first])


def _settle(over: asyncio.Future[None]) -> None:
    if not over.done():
        over.set_result(None)
