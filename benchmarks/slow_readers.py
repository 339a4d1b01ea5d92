"""What some clients who do not read cost a server, and the clients who do.

    python -m benchmarks.slow_readers [--quick] [--json FILE] [--markdown]

All follow one task. The slow ones have small receive buffers and read nothing while the events are
published, more than the sockets hold; then they read on. Everybody must get everything: the
fast ones meanwhile, the slow ones afterwards.
"""

from __future__ import annotations

import asyncio
import sys
from dataclasses import dataclass, field
from random import sample
from statistics import median
from typing import TYPE_CHECKING, NamedTuple, get_args

from . import command
from .contest import attended
from .load.client import Transport
from .load.payload import new_task_id
from .load.runner import run_load
from .peers import CENTRIFUGE, MERCURE, NCHAN, NCHAN_REDIS, OURS, PORTABLE, SSE_STARLETTE, USUAL
from .report import Figure, Report
from .roster import Roster
from .server import staged

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .recipes.recipe import Recipe
    from .server import Server

SUMMARY = "slow readers: server CPU per delivery to those who read, and memory for each who does not"

#: Bytes of an event, and of a slow client's receive buffer.
SIZE, RECEIVE_BUFFER = 8192, 4096
#: Events per second.
RATE = 200
#: Seconds until a slow client that reads on must have everything.
PATIENCE = 30.0

#: The C loop waits for each client and so is no limit here.
RECIPES: tuple[Recipe, ...] = (
    *(OURS, PORTABLE, NCHAN, NCHAN_REDIS, CENTRIFUGE, MERCURE),
    *(USUAL, SSE_STARLETTE),
)


class Scale(NamedTuple):
    """How many clients of each kind, how many events, how often."""

    fast: int
    slow: int
    events: int
    rounds: int


#: 7 MB for each who does not read, but no more events than a journal keeps.
FULL = Scale(fast=100, slow=20, events=900, rounds=3)
QUICK = Scale(fast=5, slow=2, events=20, rounds=1)


@dataclass(slots=True)
class Crowd:
    """Per round: CPU seconds per delivery to the fast, bytes per slow client; latencies of the fast."""

    costs: list[float] = field(default_factory=list)
    memory: list[float] = field(default_factory=list)
    latencies: list[float] = field(default_factory=list)
    lost_by_fast: int = 0
    lost_by_slow: int = 0

    @property
    def fault(self) -> str:
        lost = {"the fast": self.lost_by_fast, "the slow": self.lost_by_slow}
        return ", ".join(f"{number} lost by {who}" for who, number in lost.items() if number)


def measure(quick: bool) -> Report:
    """Both transports."""
    scale = QUICK if quick else FULL
    candidates = (OURS, NCHAN) if quick else RECIPES
    roster = Roster.call(candidates, obtain=not quick)
    figures: list[Figure] = []
    for transport in get_args(Transport):
        command.progress(f"{scale.fast} fast, {scale.slow} slow, {transport}")
        with staged(roster.speaking(transport, candidates)) as servers:
            crowds = run_load(_all_rounds(servers, scale, transport))
        figures += _figures(f"{scale.fast} fast, {scale.slow} slow, {transport}", crowds)
    return Report(figures, roster.notes)


async def _all_rounds(servers: Sequence[Server], scale: Scale, transport: Transport) -> dict[Recipe, Crowd]:
    crowds = {server.recipe: Crowd() for server in servers}
    for _ in range(scale.rounds):
        for server in sample(servers, k=len(servers)):
            await _round(server, scale, transport, crowds[server.recipe])
    return crowds


async def _round(server: Server, scale: Scale, transport: Transport, crowd: Crowd) -> None:
    recipe, task_id = server.recipe, new_task_id()
    async with attended(server, [task_id] * scale.fast, transport, SIZE) as audience:
        fast = list(audience.clients)
        followed = [(task_id, recipe.follow(transport, task_id))] * scale.slow
        slow = await audience.open(recipe.clients[transport], server.port, followed, RECEIVE_BUFFER)
        await audience.wake()
        for _, client in slow:
            client.pause()
        memory, cpu, heard = server.memory, server.cpu_seconds, len(audience.tally.latencies)
        for _ in range(scale.events):
            audience.publish(task_id)
            await asyncio.sleep(1 / RATE)
        # The slow ones are missed on purpose.
        await audience.tally.reach(audience.received + audience.behind(fast), PATIENCE)
        delivered = scale.fast * scale.events - audience.behind(fast)
        crowd.costs.append((server.cpu_seconds - cpu) / max(delivered, 1))
        crowd.memory.append((server.memory - memory) / scale.slow)
        crowd.latencies += audience.tally.latencies[heard:]
        for _, client in slow:
            client.resume()
        await audience.complete(PATIENCE)
        crowd.lost_by_fast += audience.behind(fast) + sum(client.faults for _, client in fast)
        crowd.lost_by_slow += audience.behind(slow) + sum(client.faults for _, client in slow)


def _figures(case: str, crowds: dict[Recipe, Crowd]) -> list[Figure]:
    ours = crowds[OURS]
    costs = [
        Figure.of_rounds(
            rounds=crowd.costs,
            scale=1e6,
            ours_in_them=ours.costs,
            latencies=crowd.latencies,
            case=case,
            subject=recipe.name,
            unit="µs/delivery",
            ours=recipe.ours,
            fault=crowd.fault,
        )
        for recipe, crowd in crowds.items()
    ]
    memory = [
        Figure(
            case=f"{case}, memory",
            subject=recipe.name,
            value=median(crowd.memory) / 1024,
            unit="KiB/slow client",
            low=min(crowd.memory) / 1024,
            high=max(crowd.memory) / 1024,
            ours=recipe.ours,
        )
        for recipe, crowd in crowds.items()
    ]
    return costs + memory


if __name__ == "__main__":
    sys.exit(command.run("slow_readers", SUMMARY, measure))
