"""What it costs a server to deliver an event: our gateway, its peers, and the limit.

    python -m benchmarks.delivery_cost [--quick] [--json FILE] [--markdown]

All servers of a case run side by side on one Redis, and take turns in rounds whose order is
shuffled. What is read is the CPU time of the server process, kernel included; Redis, the publisher
and the clients run apart, on another CPU where there is one.
"""

from __future__ import annotations

import sys
from itertools import product
from statistics import median
from typing import TYPE_CHECKING, NamedTuple, get_args

from . import command
from .comparisons import growth, promptness
from .contest import Contestant, contest
from .load.client import Transport
from .load.runner import run_load
from .peers import (
    CENTRIFUGE,
    CENTRIFUGE_REDIS,
    EVERYBODY,
    LIMIT,
    MERCURE,
    NCHAN,
    NCHAN_REDIS,
    OURS,
    PORTABLE,
    RECIPES,
    STREAMERS,
    USUAL,
)
from .report import Figure, Report
from .roster import Roster
from .server import staged
from .workloads.fan_out import FanOut
from .workloads.many_tasks import ManyTasks

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .recipes.recipe import Recipe
    from .workloads.workload import Workload

SUMMARY = "delivery: server CPU per delivered event of 160 bytes"

#: A load generator that is busier than this part of the time may be what is measured.
SATURATED = 0.9

#: At most this part of what it costs the other.
FAN_OUT_TARGETS: Mapping[Recipe, float] = {
    LIMIT: 1.25,
    NCHAN: 0.95,
    CENTRIFUGE: 0.7,
    CENTRIFUGE_REDIS: 0.7,
    MERCURE: 0.7,
    USUAL: 0.2,
}
MANY_TASKS_TARGETS: Mapping[Recipe, float] = {NCHAN: 0.6, NCHAN_REDIS: 0.35, USUAL: 0.2}


class Case(NamedTuple):
    """A workload, who takes part, and what we promise: at most this part of what it costs the other."""

    workload: Workload
    recipes: Sequence[Recipe] = EVERYBODY
    targets: Mapping[Recipe, float] = {}


class Scale(NamedTuple):
    """How much is done."""

    cases: Sequence[Case]
    rounds: int


FULL = Scale(
    (
        Case(FanOut(clients=100, events=100), (*STREAMERS, *RECIPES), FAN_OUT_TARGETS),
        Case(FanOut(clients=1000, events=15), (*STREAMERS, *RECIPES), FAN_OUT_TARGETS),
        # Where a client is a Redis connection, thousands of them are no question of milliseconds any more.
        Case(FanOut(clients=5000, events=6), STREAMERS, FAN_OUT_TARGETS),
        Case(FanOut(clients=10_000, events=4), STREAMERS),
        Case(ManyTasks(clients=100, events=2000, rate=1000), STREAMERS),
        Case(ManyTasks(clients=1000, events=500, rate=250), STREAMERS),
        Case(ManyTasks(clients=1000, events=2000, rate=1000), EVERYBODY, MANY_TASKS_TARGETS),
        Case(ManyTasks(clients=1000, events=10_000, rate=5000), STREAMERS, MANY_TASKS_TARGETS),
        Case(ManyTasks(clients=5000, events=2000, rate=1000), STREAMERS, MANY_TASKS_TARGETS),
        Case(ManyTasks(clients=5000, events=10_000, rate=5000), STREAMERS, MANY_TASKS_TARGETS),
    ),
    rounds=3,
)
QUICK = Scale(
    (
        Case(FanOut(clients=20, events=5), (OURS, PORTABLE, LIMIT)),
        Case(ManyTasks(clients=20, events=40, rate=200), (OURS, NCHAN, USUAL)),
    ),
    rounds=1,
)


def measure(quick: bool) -> Report:
    """Every workload over every transport."""
    scale = QUICK if quick else FULL
    roster = Roster.call((OURS, PORTABLE, LIMIT, NCHAN, USUAL) if quick else EVERYBODY, obtain=not quick)
    figures = []
    for (workload, recipes, targets), transport in product(scale.cases, get_args(Transport)):
        command.progress(f"{workload.name}, {transport}")
        taking_part = roster.speaking(transport, recipes)
        with staged(taking_part) as servers:
            contestants = run_load(contest(servers, workload, transport, scale.rounds))
        figures += _figures(workload, transport, contestants, targets)
    judged = [] if quick else [*growth(figures), *promptness(figures)]
    return Report(figures + judged, roster.notes)


def _figures(
    workload: Workload,
    transport: Transport,
    contestants: Sequence[Contestant],
    targets: Mapping[Recipe, float],
) -> list[Figure]:
    [ours] = [contestant.costs for contestant in contestants if contestant.recipe == OURS]
    return [
        Figure.of_rounds(
            rounds=contestant.costs,
            scale=1e6,
            ours_in_them=ours,
            latencies=contestant.latencies,
            case=f"{workload.name}, {transport}",
            conditions={**workload.conditions, "transport": transport},
            subject=contestant.recipe.name,
            unit="µs/delivery",
            redis=median(contestant.redis_costs) * 1e6 if contestant.redis_costs else None,
            target=targets.get(contestant.recipe),
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
