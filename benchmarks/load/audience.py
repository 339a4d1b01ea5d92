"""The clients of one server, and the events that are published for them."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from .client import PollingClient
from .payload import SIZE, Payload
from .sockets import connect
from .tally import Tally

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from .client import Client
    from .following import Following
    from .publisher import Publisher

#: Connections that are being opened at any moment.
OPENING = 32
#: Seconds that an event may take before it counts as lost.
PATIENCE = 30.0
#: Seconds after which a client that has heard nothing yet is sent another event.
PROBE = 0.5


class Audience:
    """Publishes numbered events, and knows what every client should have heard."""

    def __init__(self, publisher: Publisher, size: int = SIZE) -> None:
        """``size``: bytes of each event."""
        self._publisher = publisher
        self._size = size
        self._published: dict[str, int] = {}
        self.tally = Tally()
        self.clients: list[tuple[str, Client]] = []
        #: Clients that were connected and never heard anything, and those who were cut off before they did.
        self.deaf = 0
        self.cut_off = 0

    @property
    def tasks(self) -> Sequence[str]:
        """The tasks that have had an event."""
        return list(self._published)

    @property
    def published_events(self) -> int:
        """Events that were published so far, of all tasks."""
        return sum(self._published.values())

    @property
    def received(self) -> int:
        """Events that have arrived so far, at all clients."""
        return self.tally.total

    @property
    def missing(self) -> int:
        """Events that have not arrived: how far the clients are behind."""
        return self.behind(self.clients)

    def shortfall(self) -> dict[str, int]:
        """What went wrong so far, by name: zeros when every client has every event, in order."""
        clients = [client for _, client in self.clients]
        return {
            "deaf": self.deaf,
            "cut off": self.cut_off + sum(client.cut for client in clients),
            "lost": self.missing,
            "out of order": sum(client.faults for client in clients),
            "skipped": sum(client.skipped for client in clients if isinstance(client, PollingClient)),
        }

    def behind(self, clients: Iterable[tuple[str, Client]]) -> int:
        """How many events these clients have still to get."""
        return sum(self._published[task_id] - client.last for task_id, client in clients)

    def publish(self, task_id: str) -> None:
        """Publish the task's next event."""
        seq = self._published[task_id] = self._published.get(task_id, 0) + 1
        self._publisher.publish(Payload.now(task_id, seq, self._size))

    async def complete(self, patience: float = PATIENCE) -> bool:
        """Wait until everybody has heard everything; False when something is lost."""
        await self.tally.reach(self.received + self.missing, patience)
        self._publisher.check()
        return not self.missing

    async def open(
        self,
        kind: Callable[[Following, Tally], Client],
        port: int,
        followed: Sequence[tuple[str, Following]],
        receive_buffer: int | None = None,
        at_once: int = OPENING,
    ) -> list[tuple[str, Client]]:
        """Connect a client for each ``(task_id, following)`` to a server on this machine, and return them.

        ``at_once``: connections that are being opened at any moment. Raises `ConnectionError` when one
        is refused.
        """
        opening = asyncio.Semaphore(at_once)

        async def open_one(task_id: str, following: Following) -> tuple[str, Client]:
            async with opening:
                client = kind(following, self.tally)
                await connect(client, port, receive_buffer)
                await client.opened()
                return task_id, client

        opened = await asyncio.gather(*(open_one(task_id, following) for task_id, following in followed))
        self.clients += opened
        return opened

    async def wake(self) -> None:
        """Publish until every client hears: to be connected is not yet to be subscribed, on most servers.

        Clients that still hear nothing after `PATIENCE` seconds are deaf, and dropped.
        """
        deadline = time.monotonic() + PATIENCE
        while silent := {task_id for task_id, client in self.clients if not client.last}:
            if time.monotonic() > deadline:
                await self._drop_the_deaf()
                return
            for task_id in silent:
                self.publish(task_id)
            await self.complete(PROBE)
        await self.complete()

    async def _drop_the_deaf(self) -> None:
        deaf = [client for _, client in self.clients if not client.last]
        for client in deaf:
            client.close()
        self.clients = [(task_id, client) for task_id, client in self.clients if client.last]
        self.deaf += sum(not client.cut for client in deaf)
        self.cut_off += sum(client.cut for client in deaf)
        await self.complete()

    async def published(self) -> None:
        """Wait until the server has taken everything that was published."""
        await self._publisher.answered()

    def close(self) -> None:
        """Drop all connections to the server."""
        for _, client in self.clients:
            client.close()
        self.clients.clear()
