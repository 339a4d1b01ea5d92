"""Does the model of docs/capacity.md say beforehand what a run will cost?

    python -m benchmarks.capacity [--quick] [--json FILE] [--markdown]

Rounds of three runs on one gateway. What an event costs with one follower, and with fifty, gives the costs;
from these the model says what it costs with ten, beside clients who are told nothing. That is measured, too:
of the gateway for each delivery, of Redis for each event.

The rates are close to each other, of all events and of a task's, for what an event costs depends on them: a
process that is woken for one event pays more than one that finds several, and a task that is rarely touched
is in no cache. All costs are CPU time, and the runs take turns, so that what else the machine does is in all
of them.

Exits with 1 where the model is off by more than 20 %.
"""

from __future__ import annotations

import sys
from functools import partial
from math import nan
from random import sample
from statistics import median
from typing import TYPE_CHECKING, NamedTuple, get_args

from . import command
from .capacity_model import Costs, Load, costs_of_an_event, usage
from .contest import contest
from .load.client import Transport
from .load.runner import run_load
from .peers import OURS
from .ratio import median_ratio
from .report import Figure, Report
from .roster import Roster
from .server import staged
from .workloads.shared_tasks import SharedTasks

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .server import Server

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
    SharedTasks(busy=200, followers=1, events=4000, rate=1000),
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
    rounds = _play(scale, transport)
    said = [predicted(alone, shared, scale.predicted) for alone, shared, _ in rounds]
    found = [(then.delivery, then.redis) for _, _, then in rounds]
    faults = ", ".join(dict.fromkeys(each.fault for runs in rounds for each in runs if each.fault))
    case = f"{scale.predicted.name}, {transport}"
    for place, (part, unit) in enumerate((("gateway", "µs/delivery"), ("Redis", "µs/event"))):
        costs, measured = [each[place] for each in said], [each[place] for each in found]
        figure = partial(
            Figure,
            case=f"{case}: {part}",
            unit=unit,
            conditions={**scale.predicted.conditions, "transport": transport},
        )
        ratio = median_ratio(costs, measured) or nan
        off = miss(ratio) if judged else ""
        yield figure(subject="predicted", value=median(costs))
        yield figure(
            subject="measured",
            value=median(measured),
            low=min(measured),
            high=max(measured),
            ratio=ratio,
            remark=f"the model is off by {ratio - 1:+.0%}",
            ours=True,
            fault=", ".join(filter(None, (faults, off))),
        )


def miss(ratio: float) -> str:
    """That the model is off by too much, in words; empty within `TOLERANCE`."""
    return "" if abs(ratio - 1) <= TOLERANCE else f"more than {TOLERANCE:.0%}"


def _play(scale: Scale, transport: Transport) -> list[tuple[Measured, Measured, Measured]]:
    """The three in turns, so that what else the machine does is in all of them, and what each round cost."""
    workloads = (scale.alone, scale.shared, scale.predicted)
    rounds = []
    with staged([OURS]) as servers:
        for number in range(scale.rounds):
            command.progress(f"round {number + 1} of {scale.rounds}, {transport}")
            costs = {each: _run(servers, each, transport) for each in sample(workloads, k=len(workloads))}
            rounds.append((costs[scale.alone], costs[scale.shared], costs[scale.predicted]))
    return rounds


def _run(servers: Sequence[Server], workload: SharedTasks, transport: Transport) -> Measured:
    [contestant] = run_load(contest(servers, workload, transport, 1))
    [cost], [redis] = contestant.costs, contestant.redis_costs or [nan]  # none when it failed
    return Measured(cost * 1e6, redis * 1e6, contestant.fault)


if __name__ == "__main__":
    sys.exit(command.run("capacity", SUMMARY, measure))
