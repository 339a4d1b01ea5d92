"""What it costs a server that somebody is connected and nothing happens: memory and CPU.

    python -m benchmarks.idle_cost [--quick] [--json FILE] [--markdown]

Each server runs alone. Its memory is read after a few clients have come and gone, and again with all
of them connected, each with one event behind it; the difference is divided by their number. Its CPU time
is read over longer than a heartbeat.
"""

from __future__ import annotations

import asyncio
import sys
from itertools import product
from typing import TYPE_CHECKING, NamedTuple, get_args

from . import command
from .contest import attended
from .load.client import Transport
from .load.payload import new_task_id
from .load.runner import run_load
from .peers import EVERYBODY, NCHAN, OURS, STREAMERS
from .report import Figure, Report
from .roster import Roster
from .server import staged

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .recipes.recipe import Recipe
    from .server import Server

SUMMARY = "idle: memory (PSS) per connection, and CPU of all together"

#: Clients that come and go first, so that what a server needs once is not counted.
WARM_UP = 50
#: What we promise, in KiB per connection.
LIMIT_KIB = 4.0
#: At most this part of the CPU time that Nchan in memory takes.
CPU_TARGET = 1.0


class Case(NamedTuple):
    """``shared``: all follow one task; else each its own.

    ``seconds``: how long nothing happens; ``settle``: for how long a server is left to calm down before.
    """

    clients: int
    shared: bool
    recipes: Sequence[Recipe]
    seconds: float = 16.0
    settle: float = 1.0

    @property
    def conditions(self) -> dict[str, str | int]:
        """The same in numbers."""
        return {"clients": self.clients, "tasks": 1 if self.shared else self.clients}

    @property
    def name(self) -> str:
        return f"{self.clients:,} clients, {'one task' if self.shared else 'a task each'}"

    def tasks(self, clients: int) -> list[str]:
        if self.shared:
            return [new_task_id()] * clients
        return [new_task_id() for _ in range(clients)]


class Cost(NamedTuple):
    """``memory``: bytes per connection. ``cpu``: seconds per second, of all connections together."""

    memory: float
    cpu: float
    fault: str


FULL = (
    Case(1000, False, EVERYBODY),
    Case(10_000, True, STREAMERS),
    Case(10_000, False, STREAMERS),
    # Where 20,000 files may be open, this is what one process holds.
    Case(19_000, False, (OURS,)),
)
QUICK = (Case(50, False, (OURS, NCHAN), seconds=0.2, settle=0.1),)


def measure(quick: bool) -> Report:
    """Every case over every transport."""
    roster = Roster.call((OURS, NCHAN) if quick else EVERYBODY, obtain=not quick)
    figures: list[Figure] = []
    for case, transport in product(QUICK if quick else FULL, get_args(Transport)):
        command.progress(f"{case.name}, {transport}")
        costs = {}
        for recipe in roster.speaking(transport, case.recipes):
            with staged([recipe]) as [server]:
                costs[recipe] = run_load(_cost(server, case, transport))
        figures += _figures(case, transport, costs, judged=not quick)
    return Report(figures, roster.notes)


async def _cost(server: Server, case: Case, transport: Transport) -> Cost:
    async with attended(server, case.tasks(WARM_UP), transport):
        pass
    await asyncio.sleep(case.settle)
    before = server.memory
    async with attended(server, case.tasks(case.clients), transport) as audience:
        await asyncio.sleep(case.settle)
        memory, cpu = server.memory - before, server.cpu_seconds
        await asyncio.sleep(case.seconds)
        cpu = server.cpu_seconds - cpu
        # Whoever is still there must still hear.
        for task_id in audience.tasks:
            audience.publish(task_id)
        await audience.complete()
        faults = audience.shortfall()
    fault = ", ".join(f"{number} {kind}" for kind, number in faults.items() if number)
    return Cost(memory / case.clients, cpu / case.seconds, fault)


def _figures(case: Case, transport: Transport, costs: dict[Recipe, Cost], *, judged: bool) -> list[Figure]:
    ours, name = costs[OURS], f"{case.name}, {transport}"
    conditions = {**case.conditions, "transport": transport}
    memory = [
        Figure(
            case=name,
            conditions=conditions,
            subject=recipe.name,
            value=cost.memory / 1024,
            unit="KiB",
            ratio=ours.memory / cost.memory if cost.memory > 0 else None,
            limit=LIMIT_KIB if judged and recipe == OURS else None,
            ours=recipe.ours,
            fault=cost.fault,
        )
        for recipe, cost in costs.items()
    ]
    cpu = [
        Figure(
            case=f"{name}, CPU",
            conditions=conditions,
            subject=recipe.name,
            value=cost.cpu * 1e3,
            unit="ms/s",
            ratio=ours.cpu / cost.cpu if cost.cpu else None,
            target=CPU_TARGET if judged and recipe == NCHAN else None,
            ours=recipe.ours,
        )
        for recipe, cost in costs.items()
    ]
    return memory + cpu


if __name__ == "__main__":
    sys.exit(command.run("idle_cost", SUMMARY, measure))
