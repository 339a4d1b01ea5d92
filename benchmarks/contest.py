"""Several servers do the same work in turns, and each turn's CPU time is read."""

from __future__ import annotations

import asyncio
import gc
import random
import time
from array import array
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from math import nan
from typing import TYPE_CHECKING

from .load.audience import Audience
from .load.payload import SIZE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    from .load.client import Transport
    from .recipes.recipe import Recipe
    from .server import Server
    from .workloads.workload import Workload

#: Seconds that a server is left to finish what a round has begun.
SETTLE = 0.05


@dataclass(slots=True)
class Contestant:
    """A server, and what it did so far."""

    server: Server
    #: CPU seconds per delivered event, one figure per round.
    costs: list[float] = field(default_factory=list)
    #: CPU seconds of Redis per published event, one figure per round.
    redis_costs: list[float] = field(default_factory=list)
    #: Seconds from the making of an event to its arrival at a client.
    latencies: array[float] = field(default_factory=lambda: array("d"))
    #: Part of each round for which the load generator was busy.
    generator: list[float] = field(default_factory=list)
    #: How often something went wrong, by what.
    faults: dict[str, int] = field(default_factory=dict)

    @property
    def recipe(self) -> Recipe:
        return self.server.recipe

    async def play(self, workload: Workload, transport: Transport) -> None:
        """One round, with new tasks and new clients; a server that fails in it has no cost, but a fault."""
        try:
            await self._play(workload, transport)
        except (OSError, TimeoutError) as error:
            self.costs.append(nan)
            self.blame({f"× {error or type(error).__name__}": 1})

    async def _play(self, workload: Workload, transport: Transport) -> None:
        async with attended(self.server, workload.tasks(), transport) as audience:
            received, published = audience.received, audience.published_events
            cpu, redis_cpu = self.server.cpu_seconds, self.server.redis_cpu_seconds
            wall, busy = time.perf_counter(), time.process_time()
            heard = len(audience.tally.latencies)
            await workload.play(audience)
            self.generator.append((time.process_time() - busy) / (time.perf_counter() - wall))
            await asyncio.sleep(SETTLE)
            delivered = audience.received - received
            self.costs.append((self.server.cpu_seconds - cpu) / max(delivered, 1))
            published = audience.published_events - published
            self.redis_costs.append((self.server.redis_cpu_seconds - redis_cpu) / max(published, 1))
            self.latencies.extend(audience.tally.latencies[heard:])
            self.blame(audience.shortfall())

    def blame(self, faults: Mapping[str, int]) -> None:
        """Note what went wrong, if it did."""
        for kind, number in faults.items():
            if number:
                self.faults[kind] = self.faults.get(kind, 0) + number

    @property
    def fault(self) -> str:
        """What went wrong, in words; empty when every client got every event in order."""
        return ", ".join(f"{number} {kind}" for kind, number in self.faults.items())


@asynccontextmanager
async def attended(
    server: Server, tasks: Sequence[str], transport: Transport, size: int = SIZE
) -> AsyncIterator[Audience]:
    """An audience whose clients follow these tasks, each of them awake; they are gone afterwards.

    ``size``: bytes of an event.

    Raises `ConnectionError` when a client is refused.
    """
    recipe = server.recipe
    publisher = await recipe.publisher(server.site)
    audience = Audience(publisher, size)
    # Collecting garbage among thousands of clients would be measured as the server's latency.
    gc.disable()
    try:
        for task_id in dict.fromkeys(tasks):
            audience.publish(task_id)  # nobody can follow a task that does not exist
        await audience.published()
        followed = [(task_id, recipe.follow(transport, task_id)) for task_id in tasks]
        await audience.open(recipe.clients[transport], server.port, followed)
        await audience.wake()
        yield audience
    finally:
        audience.close()
        publisher.close()
        gc.enable()


async def contest(
    servers: Sequence[Server], workload: Workload, transport: Transport, rounds: int
) -> list[Contestant]:
    """Let the servers take turns, in another order each round."""
    contestants = [Contestant(server) for server in servers]
    for _ in range(rounds):
        for contestant in random.sample(contestants, k=len(contestants)):
            await contestant.play(workload, transport)
    return contestants
