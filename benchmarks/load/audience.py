"""The clients of one server, and the events that are published for them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from .payload import Payload
from .tally import Tally

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .client import Client
    from .publisher import Command, Publisher

#: Connections that are being opened at any moment.
OPENING = 32
#: Seconds that an event may take before it counts as lost.
PATIENCE = 10.0
#: Seconds after which a client that has heard nothing yet is sent another event.
PROBE = 0.5


class Audience:
    """Publishes numbered events, and knows what every client should have heard."""

    def __init__(self, publisher: Publisher, command: Callable[[Payload], Command]) -> None:
        self._publisher = publisher
        self._command = command
        self._tally = Tally()
        self._clients: list[tuple[str, Client]] = []
        self._published: dict[str, int] = {}

    @property
    def received(self) -> int:
        """Events that have arrived so far, at all clients."""
        return self._tally.total

    @property
    def missing(self) -> int:
        """Events that have not arrived: how far the clients are behind."""
        return sum(self._published[task_id] - client.last for task_id, client in self._clients)

    @property
    def faults(self) -> int:
        """Times that a client saw an event out of its order: after a hole, or again."""
        return sum(client.faults for _, client in self._clients)

    def publish(self, task_id: str) -> None:
        """Publish the task's next event."""
        seq = self._published[task_id] = self._published.get(task_id, 0) + 1
        self._publisher.send(self._command(Payload(task_id, seq)))

    async def complete(self, patience: float = PATIENCE) -> bool:
        """Wait until everybody has heard everything; False when something is lost."""
        await self._tally.reach(self.received + self.missing, patience)
        self._publisher.check()
        return not self.missing

    def write_off(self) -> int:
        """Stop waiting for what has not arrived; returns how many events that is."""
        missing = self.missing
        for task_id, client in self._clients:
            client.last = self._published[task_id]
        return missing

    async def open(
        self, kind: Callable[[str, Tally], Client], port: int, followed: Sequence[tuple[str, str]]
    ) -> None:
        """Connect a client for each ``(task_id, path)`` to a server on this machine, and wake them.

        Raises `ConnectionError` when one is refused, `TimeoutError` when one hears nothing.
        """
        for task_id in {task_id for task_id, _ in followed}:
            self.publish(task_id)  # nobody can follow a task that does not exist
        opening = asyncio.Semaphore(OPENING)

        async def open_one(task_id: str, path: str) -> None:
            async with opening:
                client = kind(path, self._tally)
                self._clients.append((task_id, client))
                await asyncio.get_running_loop().create_connection(lambda: client, "127.0.0.1", port)
                await client.opened()

        await asyncio.gather(*(open_one(task_id, path) for task_id, path in followed))
        await self._wake()

    def close(self) -> None:
        """Drop all connections to the server."""
        for _, client in self._clients:
            client.close()

    async def _wake(self) -> None:
        """Publish until every client hears: to be connected is not yet to be subscribed, on most servers."""
        async with asyncio.timeout(6 * PATIENCE):
            while silent := {task_id for task_id, client in self._clients if not client.last}:
                for task_id in silent:
                    self.publish(task_id)
                await self.complete(PROBE)
        await self.complete()
