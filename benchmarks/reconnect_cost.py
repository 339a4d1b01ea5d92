"""What it costs a server when everybody comes back at once and wants what happened meanwhile.

    python -m benchmarks.reconnect_cost [--quick] [--json FILE] [--markdown]

Clients follow a task each, have its first event, and lose their connection. Ten more events are
published for each. Then all come back, hundreds at a time, each with the id of its last event, and the
round ends when everybody has everything. A process apart keeps asking the server something small; the
longest that it waited is how long somebody else was not served.
"""

from __future__ import annotations

import asyncio
import sys
import time
from dataclasses import dataclass, field, replace
from itertools import product
from random import sample
from statistics import median
from typing import TYPE_CHECKING, NamedTuple, get_args

from . import command
from .contest import attended
from .load.client import Transport
from .load.payload import new_task_id
from .load.probe import probing
from .load.runner import run_load
from .peers import CENTRIFUGE, CENTRIFUGE_REDIS, NCHAN, NCHAN_REDIS, OURS, PORTABLE
from .report import Figure, Report
from .roster import Roster
from .server import staged

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .recipes.recipe import Recipe
    from .server import Server

SUMMARY = "reconnect: server CPU per client that comes back and replays 10 events, and how long others wait"

#: Events that a client missed.
MISSED = 10
#: Connections that are being opened at any moment.
AT_ONCE = 500
#: Seconds until a server has noticed that everybody is gone, and until everybody must have everything again.
GONE, PATIENCE = 1.0, 60.0

#: What we promise: microseconds of CPU for each, and milliseconds that anybody else waits.
CPU_LIMIT, WAIT_LIMIT = 250.0, 50.0

RECIPES: tuple[Recipe, ...] = (OURS, PORTABLE, NCHAN, NCHAN_REDIS, CENTRIFUGE, CENTRIFUGE_REDIS)


class Scale(NamedTuple):
    """How many clients, how often."""

    clients: int
    rounds: int


FULL, QUICK = Scale(clients=10_000, rounds=3), Scale(clients=50, rounds=1)


@dataclass(slots=True)
class Comebacks:
    """Per round: CPU seconds per client, seconds that others waited, seconds until all were back."""

    costs: list[float] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    faults: int = 0


def measure(quick: bool) -> Report:
    """Both transports."""
    scale = QUICK if quick else FULL
    candidates = (OURS, NCHAN) if quick else RECIPES
    roster = Roster.call(candidates, obtain=not quick)
    figures: list[Figure] = []
    for transport in get_args(Transport):
        command.progress(f"{scale.clients:,} clients, {transport}")
        with staged(roster.speaking(transport, candidates)) as servers:
            comebacks = run_load(_all_rounds(servers, scale, transport))
        figures += _figures(scale, transport, comebacks, judged=not quick)
    return Report(figures, roster.notes)


async def _all_rounds(
    servers: Sequence[Server], scale: Scale, transport: Transport
) -> dict[Recipe, Comebacks]:
    comebacks = {server.recipe: Comebacks() for server in servers}
    for _ in range(scale.rounds):
        for server in sample(servers, k=len(servers)):
            await _round(server, scale.clients, transport, comebacks[server.recipe])
    return comebacks


async def _round(server: Server, clients: int, transport: Transport, comebacks: Comebacks) -> None:
    recipe = server.recipe
    tasks = [new_task_id() for _ in range(clients)]
    async with attended(server, tasks, transport) as audience:
        followed = [
            (task_id, replace(recipe.follow(transport, task_id, client.id.decode()), last=client.last))
            for task_id, client in audience.clients
        ]
        audience.close()
        for _, task_id in product(range(MISSED), tasks):
            audience.publish(task_id)
        await audience.published()
        await asyncio.sleep(GONE)
        with probing(server.port, recipe.alive) as watch:
            cpu, began = server.cpu_seconds, time.perf_counter()
            await audience.open(recipe.clients[transport], server.port, followed, at_once=AT_ONCE)
            await audience.complete(PATIENCE)
            comebacks.times.append(time.perf_counter() - began)
            comebacks.costs.append((server.cpu_seconds - cpu) / clients)
        comebacks.waits.append(watch.max_wait)
        comebacks.faults += sum(audience.shortfall().values())


def _figures(
    scale: Scale, transport: Transport, comebacks: dict[Recipe, Comebacks], *, judged: bool
) -> list[Figure]:
    case = f"{scale.clients:,} clients, {transport}"
    conditions = {"clients": scale.clients, "transport": transport}
    figures = []
    for recipe, server in comebacks.items():
        figures.append(
            Figure.of_rounds(
                rounds=server.costs,
                scale=1e6,
                ours_in_them=comebacks[OURS].costs,
                case=case,
                conditions=conditions,
                subject=recipe.name,
                unit="µs/client",
                limit=CPU_LIMIT if judged and recipe == OURS else None,
                ours=recipe.ours,
                fault=f"{server.faults} events lost or out of order" if server.faults else "",
                remark=f"all back in {median(server.times):.2f} s",
            )
        )
    for recipe, server in comebacks.items():
        figures.append(
            Figure.of_rounds(
                rounds=server.waits,
                scale=1e3,
                ours_in_them=comebacks[OURS].waits,
                case=f"{case}, longest wait of others",
                conditions=conditions,
                subject=recipe.name,
                unit="ms",
                limit=WAIT_LIMIT if judged and recipe == OURS else None,
                ours=recipe.ours,
            )
        )
    return figures


if __name__ == "__main__":
    sys.exit(command.run("reconnect_cost", SUMMARY, measure))
