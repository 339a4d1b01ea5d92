"""What it costs a server to deliver an event: our gateway, beside the usual recipe and the leanest one.

    python -m benchmarks.delivery_cost [--quick] [--json FILE]

All servers of a case run side by side on one Redis, and take turns in rounds whose order is
shuffled. What is read is the CPU time of the server process, kernel included; Redis, the publisher
and the clients run apart, on another CPU where there is one.
"""

from __future__ import annotations

import asyncio
import os
import sys
from itertools import product
from statistics import median
from typing import TYPE_CHECKING, NamedTuple, get_args

import uvloop

from stack.valkey import Valkey

from . import command
from .contest import Contestant, contest
from .machine import Cpus, allow_many_sockets, pin
from .ratio import median_ratio
from .recipes.recipe import Recipe, Transport
from .recipes.redis_py import RedisPy
from .recipes.taskbeam import Taskbeam
from .report import Figure
from .server import serving
from .workloads.fan_out import FanOut
from .workloads.many_tasks import ManyTasks

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .workloads.workload import Workload

SUMMARY = "delivery: server CPU per delivered event of 160 bytes, as a ratio to the usual recipe"

USUAL, LEANEST = RedisPy(), RedisPy(leanest=True)
DETACHED = Taskbeam()
RECIPES: tuple[Recipe, ...] = (DETACHED, Taskbeam(detach=False), USUAL, LEANEST)

#: A load generator that is busier than this part of the time may be what is measured.
SATURATED = 0.9


class Case(NamedTuple):
    """A workload, and what we promise in it: at most this part of the usual recipe's cost."""

    workload: Workload
    targets: Mapping[Transport, float] = {}


class Scale(NamedTuple):
    """How much is done."""

    cases: tuple[Case, ...]
    rounds: int


FULL = Scale(
    (
        Case(FanOut(clients=500, events=30), {"WebSocket": 0.25, "SSE": 0.25}),
        # With a client per task every event costs a wake-up and a cold socket, whoever serves it.
        Case(ManyTasks(clients=1000, events=2500, rate=1000), {"WebSocket": 0.6, "SSE": 0.4}),
    ),
    rounds=5,
)
QUICK = Scale(
    (Case(FanOut(clients=20, events=5)), Case(ManyTasks(clients=20, events=40, rate=200))), rounds=1
)


def measure(quick: bool) -> list[Figure]:
    """Every workload over every transport."""
    scale = QUICK if quick else FULL
    allow_many_sockets()
    cpus = Cpus.divide()
    figures = []
    with Valkey() as valkey:
        pin(valkey.pid, cpus.rest)
        pin(os.getpid(), cpus.rest)
        for (workload, targets), transport in product(scale.cases, get_args(Transport)):
            with serving(RECIPES, valkey.port, cpus.measured) as servers:
                match = contest(servers, valkey.port, workload, transport, scale.rounds)
                with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                    contestants = runner.run(match)
            figures += _figures(f"{workload.name}, {transport}", contestants, targets.get(transport))
    return figures


def _figures(case: str, contestants: Sequence[Contestant], target: float | None) -> list[Figure]:
    costs = {contestant.recipe: contestant.costs for contestant in contestants}
    return [
        Figure(
            case=case,
            subject=contestant.recipe.name,
            value=contestant.cost * 1e6,
            unit="µs/delivery",
            ratio=median_ratio(contestant.costs, costs[USUAL]),
            to_leanest=median_ratio(contestant.costs, costs[LEANEST]),
            target=target if contestant.recipe is DETACHED else None,
            ours=contestant.recipe.ours,
            fault=contestant.fault,
            remark=_remark(contestant),
        )
        for contestant in contestants
    ]


def _remark(contestant: Contestant) -> str:
    busy = median(contestant.generator)
    return f"generator {busy:.0%} busy" + (" (saturated)" if busy > SATURATED else "")


if __name__ == "__main__":
    sys.exit(command.run("delivery_cost", SUMMARY, measure))
