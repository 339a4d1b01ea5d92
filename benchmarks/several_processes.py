"""What it costs that several gateway processes share a port.

    python -m benchmarks.several_processes [--quick] [--json FILE] [--markdown]

The same work is done by one process, by two and by four, all on the one CPU that is measured: so the CPU
time of them together says what is lost by sharing. Where each has a CPU of its own, they do so much more.
"""

from __future__ import annotations

import sys
from itertools import product
from typing import TYPE_CHECKING, NamedTuple, get_args

from . import command
from .contest import contest
from .load.client import Transport
from .load.runner import run_load
from .peers import OURS
from .ratio import median_ratio
from .recipes.taskbeam import Taskbeam
from .report import Figure, Report
from .roster import Roster
from .server import staged
from .workloads.fan_out import FanOut
from .workloads.many_tasks import ManyTasks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .contest import Contestant
    from .workloads.workload import Workload

SUMMARY = "several processes on one port: CPU of all together per delivered event"


class Case(NamedTuple):
    """``limit``: what a delivery may cost all together, as a multiple of what it costs one alone."""

    workload: Workload
    limit: float | None = None


class Scale(NamedTuple):
    """How much is done, by how many."""

    cases: Sequence[Case]
    processes: Sequence[int]
    rounds: int


FULL = Scale(
    (
        Case(FanOut(clients=1000, events=15), limit=1.25),
        # Each is woken more often for fewer events; what that costs depends on who has which CPU.
        Case(ManyTasks(clients=1000, events=10_000, rate=5000)),
    ),
    processes=(2, 4),
    rounds=5,
)
QUICK = Scale((Case(FanOut(clients=20, events=5)),), processes=(2,), rounds=1)


def measure(quick: bool) -> Report:
    """Every workload over every transport."""
    scale = QUICK if quick else FULL
    candidates = (OURS, *(Taskbeam(processes=number) for number in scale.processes))
    roster = Roster.call(candidates, obtain=False)
    figures: list[Figure] = []
    for (workload, limit), transport in product(scale.cases, get_args(Transport)):
        command.progress(f"{workload.name}, {transport}")
        with staged(roster.speaking(transport, candidates)) as servers:
            contestants = run_load(contest(servers, workload, transport, scale.rounds))
        figures += _figures(f"{workload.name}, {transport}", contestants, limit)
    return Report(figures, roster.notes)


def _figures(case: str, contestants: Sequence[Contestant], limit: float | None) -> list[Figure]:
    alone, *others = contestants
    costs = [
        Figure.of_rounds(
            rounds=contestant.costs,
            scale=1e6,
            ours_in_them=contestant.costs,
            latencies=contestant.latencies,
            case=case,
            subject=contestant.recipe.name,
            unit="µs/delivery",
            ours=True,
            fault=contestant.fault,
        )
        for contestant in contestants
    ]
    growth = [
        Figure(
            case=f"{case}, {contestant.recipe.processes} processes ÷ 1",
            subject=contestant.recipe.name,
            value=median_ratio(contestant.costs, alone.costs) or float("nan"),
            unit="×",
            limit=limit,
            ours=True,
        )
        for contestant in others
    ]
    return costs + growth


if __name__ == "__main__":
    sys.exit(command.run("several_processes", SUMMARY, measure))
