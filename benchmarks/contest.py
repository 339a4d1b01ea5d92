"""Several servers do the same work in turns, and each turn's CPU time is read."""

from __future__ import annotations

import asyncio
import random
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from statistics import median
from typing import TYPE_CHECKING

from .load.audience import Audience
from .load.client import EventSourceClient, WebSocketClient
from .load.publisher import Publisher

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .recipes.recipe import Recipe, Transport
    from .server import Server
    from .workloads.workload import Workload

#: Seconds that a server is left to finish what a round has begun.
SETTLE = 0.05

_CLIENTS = {"WebSocket": WebSocketClient, "SSE": EventSourceClient}


@dataclass(slots=True)
class Contestant:
    """A server with its clients, and what it did so far."""

    server: Server
    audience: Audience
    tasks: Sequence[str]
    #: CPU seconds per delivered event, one figure per round.
    costs: list[float] = field(default_factory=list)
    #: Part of each round for which the load generator was busy.
    generator: list[float] = field(default_factory=list)
    lost: int = 0

    @property
    def recipe(self) -> Recipe:
        return self.server.recipe

    @property
    def cost(self) -> float:
        """CPU seconds per delivered event, the median over the rounds."""
        return median(self.costs)

    @property
    def fault(self) -> str:
        """What the clients did not get, in words; empty when they got everything in order."""
        faults = {"lost": self.lost, "out of order": self.audience.faults}
        return ", ".join(f"{number} {kind}" for kind, number in faults.items() if number)

    async def play(self, workload: Workload) -> None:
        """One round."""
        received, cpu = self.audience.received, self.server.cpu_seconds
        wall, busy = time.perf_counter(), time.process_time()
        await workload.play(self.audience, self.tasks)
        self.generator.append((time.process_time() - busy) / (time.perf_counter() - wall))
        await asyncio.sleep(SETTLE)
        delivered = self.audience.received - received
        self.costs.append((self.server.cpu_seconds - cpu) / max(delivered, 1))
        self.lost += self.audience.write_off()


async def contest(
    servers: Sequence[Server], redis_port: int, workload: Workload, transport: Transport, rounds: int
) -> list[Contestant]:
    """Connect every server's clients, then let the servers take turns, in another order each round."""
    async with AsyncExitStack() as stack:
        contestants = []
        for server in servers:
            recipe = server.recipe
            publisher = await Publisher.connect(redis_port, recipe.greeting())
            stack.callback(publisher.close)
            audience, tasks = Audience(publisher, recipe.publish), workload.tasks()
            stack.callback(audience.close)
            followed = [(task_id, recipe.path(transport, task_id)) for task_id in tasks]
            await audience.open(_CLIENTS[transport], server.port, followed)
            contestants.append(Contestant(server, audience, tasks))
        for _ in range(rounds):
            for contestant in random.sample(contestants, k=len(contestants)):
                await contestant.play(workload)
    return contestants
