"""Does the model of docs/capacity.md say beforehand what a run will cost?

    python -m benchmarks.capacity [--quick] [--json FILE] [--markdown]

Three runs on one gateway. What an event costs with one follower, and with fifty, gives the costs; from these
the model says what it costs with ten, beside clients who are told nothing. Then that is measured. The rates
are close to each other, for what an event costs depends on them: a process that is woken for one event pays
more than one that finds several.
"""

from __future__ import annotations

import sys
from statistics import median
from typing import TYPE_CHECKING, NamedTuple, get_args

from . import command
from .capacity_model import Costs, Load, costs_of_an_event, usage
from .contest import contest
from .load.client import Transport
from .load.runner import run_load
from .peers import OURS
from .report import Figure, Report
from .roster import Roster
from .server import staged
from .workloads.shared_tasks import SharedTasks

if TYPE_CHECKING:
    from collections.abc import Iterator

SUMMARY = "capacity: what the model says that a delivery costs, and what it does"

#: How far the model may be off.
TOLERANCE = 0.2


class Scale(NamedTuple):
    """What is measured: two runs to learn from, and the one that is predicted."""

    alone: SharedTasks
    shared: SharedTasks
    predicted: SharedTasks
    rounds: int


FULL = Scale(
    SharedTasks(busy=1000, followers=1, events=6000, rate=1000),
    SharedTasks(busy=40, followers=50, events=2000, rate=400),
    SharedTasks(busy=200, followers=10, events=4000, rate=1000, idle=3000),
    rounds=3,
)
QUICK = Scale(
    SharedTasks(busy=20, followers=1, events=40, rate=200),
    SharedTasks(busy=2, followers=10, events=20, rate=200),
    SharedTasks(busy=5, followers=4, events=20, rate=200, idle=5),
    rounds=1,
)


class Measured(NamedTuple):
    """CPU in µs: of the gateway per delivery, of Redis per event; and what went wrong."""

    delivery: float
    redis: float
    fault: str


def measure(quick: bool) -> Report:
    """Both transports."""
    roster = Roster.call((OURS,), obtain=False)
    scale = QUICK if quick else FULL
    figures = [
        figure for transport in get_args(Transport) for figure in _figures(scale, transport, judged=not quick)
    ]
    return Report(figures, roster.notes)


def predicted(alone: Measured, shared: Measured, workload: SharedTasks) -> tuple[float, float]:
    """What the model says of a delivery, and of Redis per event: µs of CPU, from what two other runs cost."""
    heard, delivered = costs_of_an_event(alone.delivery, shared.delivery)
    # Of an idle connection's pings there are too few in some seconds to be seen beside this.
    costs = Costs(heard, delivered, 0, 0, 0, published=alone.redis, updated=0)
    load = Load(workload.conditions["clients"], workload.rate, workload.followers)
    used = usage(costs, load)
    return used.gateways * 1e6 / (load.events * load.followers), used.redis * 1e6 / load.events


def _figures(scale: Scale, transport: Transport, *, judged: bool) -> Iterator[Figure]:
    alone, shared, then = (
        _run(workload, transport, scale.rounds) for workload in (scale.alone, scale.shared, scale.predicted)
    )
    delivery, _ = predicted(alone, shared, scale.predicted)
    case = f"{scale.predicted.name}, {transport}"
    conditions = {**scale.predicted.conditions, "transport": transport}
    yield Figure(case=case, subject="model", value=delivery, unit="µs/delivery", conditions=conditions)
    yield Figure(
        case=case,
        subject=OURS.name,
        value=then.delivery,
        unit="µs/delivery",
        ratio=delivery / then.delivery,
        redis=then.redis,
        conditions=conditions,
        ours=True,
        fault=then.fault or (miss(delivery, then.delivery) if judged else ""),
    )


def miss(said: float, found: float) -> str:
    """By how much the model is off, in words; empty within `TOLERANCE`."""
    off = said / found - 1
    return "" if abs(off) <= TOLERANCE else f"the model is off by {off:+.0%}"


def _run(workload: SharedTasks, transport: Transport, rounds: int) -> Measured:
    command.progress(f"{workload.name}, {transport}")
    with staged([OURS]) as servers:
        [contestant] = run_load(contest(servers, workload, transport, rounds))
    return Measured(median(contestant.costs) * 1e6, median(contestant.redis_costs) * 1e6, contestant.fault)


if __name__ == "__main__":
    sys.exit(command.run("capacity", SUMMARY, measure))
