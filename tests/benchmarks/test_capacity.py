"""The capacity model, case by case, and that docs/capacity.md says what it says."""

from __future__ import annotations

import math
import re
from pathlib import Path

import pytest

from benchmarks.capacity import Measured, miss, predicted
from benchmarks.capacity_model import (
    MOST_CONNECTIONS,
    UTILISATION,
    Costs,
    Load,
    costs_of_an_event,
    hearers,
    size,
    usage,
)
from benchmarks.capacity_page import ROWS, page
from benchmarks.workloads.shared_tasks import SharedTasks
from benchmarks.write_up import fill

DOCUMENT = Path(__file__).parents[2] / "docs/capacity.md"

COSTS = Costs(heard=20, delivered=10, idle=1, connection=4, returned=200, published=100, updated=50)


@pytest.mark.parametrize(
    ("alone", "shared", "heard_and_delivered"),
    [(30, 10, (20, 10)), (10, 10, (0, 10)), (8, 10, (0, 10))],
)
def test_an_event_costs_what_one_hears_and_what_each_follower_gets(
    alone: float, shared: float, heard_and_delivered: tuple[float, float]
) -> None:
    assert costs_of_an_event(alone, shared) == heard_and_delivered


@pytest.mark.parametrize(
    ("followers", "processes", "expected"),
    [
        (1, 1, 1.0),
        (1, 50, 1.0),
        (1000, 1, 1.0),
        (2, 2, 1.5),  # both at the one, or one at each
        (10_000, 4, 4.0),
        (0, 4, 0.0),
    ],
)
def test_an_event_is_heard_where_a_follower_is(followers: float, processes: int, expected: float) -> None:
    assert hearers(followers, processes) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("load", "processes", "gateways"),
    [
        (Load(0, 0, 1), 1, 0.0),
        (Load(100_000, 0, 1), 1, 0.1),  # idle
        (Load(0, 10_000, 1), 1, 0.3),  # 20 + 10 µs
        (Load(0, 10_000, 4), 1, 0.6),  # 20 + 4 × 10 µs
        (Load(0, 10_000, 2), 2, 0.5),  # 1.5 × 20 + 2 × 10 µs
        (Load(100_000, 10_000, 2), 2, 0.6),
    ],
)
def test_gateways_use(load: Load, processes: int, gateways: float) -> None:
    assert usage(COSTS, load, processes).gateways == pytest.approx(gateways)


def test_others_use() -> None:
    used = usage(COSTS, Load(1000, 10_000, 1))
    assert (used.redis, used.workers) == (1.0, 0.5)
    assert used.memory == 1000 * 4 * 1024


@pytest.mark.parametrize(
    ("load", "gateways", "masters"),
    [
        (Load(1, 0, 1), 1, 1),
        (Load(14_000, 0, 1), 1, 1),
        (Load(14_001, 0, 1), 2, 1),  # by connections
        (Load(0, 20_000, 1), 1, 3),  # 0.6 of a core; 2 cores of Redis, of which 0.7 each
        (Load(0, 30_000, 1), 2, 5),  # 0.9 of a core
        (Load(0, 7_000, 1), 1, 1),
        (Load(0, 7_001, 1), 1, 2),
    ],
)
def test_so_many_are_needed(load: Load, gateways: int, masters: int) -> None:
    needed = size(COSTS, load)
    assert (needed.gateways, needed.masters) == (gateways, masters)


@pytest.mark.parametrize("followers", [1, 10, 100])
def test_nobody_is_used_beyond_the_bound_and_one_fewer_would_be(followers: float) -> None:
    load = Load(1_000_000, 100_000, followers)
    needed = size(COSTS, load).gateways

    def borne(processes: int) -> bool:
        connections = load.connections / processes / MOST_CONNECTIONS
        return max(connections, usage(COSTS, load, processes).gateways / processes) <= UTILISATION

    assert borne(needed)
    assert not borne(needed - 1)


def test_those_of_one_process_come_back_with_what_the_others_have_left() -> None:
    # 2 processes with 10,000 clients each, all idle: 2 s of CPU, of a process that uses 1 % of its core.
    assert size(COSTS, Load(20_000, 0, 1)).back == pytest.approx(10_000 * 200e-6 / 0.99)
    # A process that is alone is waited for.
    assert size(COSTS, Load(10_000, 0, 1)).back == pytest.approx(10_000 * 200e-6 / 0.99)


def test_the_prediction_lies_between_what_it_was_learned_from() -> None:
    alone, shared = Measured(30, 100, ""), Measured(10.4, 90, "")
    workload = SharedTasks(busy=200, followers=10, events=4000, rate=1000, idle=3000)
    delivery, redis = predicted(alone, shared, workload)
    assert delivery == pytest.approx(10.4 + 19.6 / 10)
    assert redis == pytest.approx(100)
    assert workload.conditions == {"clients": 5000, "tasks": 3200, "rate": 1000}
    assert len(workload.tasks()) == 5000


@pytest.mark.parametrize(
    ("ratio", "held"), [(1, True), (1.2, True), (0.801, True), (1.21, False), (0.7, False)]
)
def test_the_model_is_judged(ratio: float, held: bool) -> None:
    assert miss(ratio) == ("" if held else "more than 20%")


def costs_on_the_page(text: str) -> Costs:
    told = {
        words: float(value)
        for words, value in re.findall(r"^\| ([^|]+) \| ([\d.]+) (?:µs|KiB) \|", text, re.MULTILINE)
    }
    return Costs(**{name: told[words] for name, (words, _, _) in ROWS.items()})


def test_the_page_says_what_the_model_says_of_the_costs_on_it() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    costs = costs_on_the_page(text)
    assert all(map(math.isfinite, costs))
    assert fill(text, {"capacity": page(costs)}) == text


def test_the_costs_on_it_are_those_that_were_measured() -> None:
    """Each is the costlier transport's of docs/performance.md."""
    text = (DOCUMENT.parent / "performance.md").read_text(encoding="utf-8")

    def found(pattern: str) -> list[float]:
        return [float(number) for number in re.findall(pattern, text, re.MULTILINE)]

    shared, alone = found(r"^\| deliveries/s .*?\| ([\d.]+) µs"), found(r"^\| events/s .*?\| ([\d.]+) µs")
    idle = found(r"^\| 19,000 clients, a task each, \w+, CPU \| taskbeam \| ([\d.]+) ms/s")
    expected = Costs(
        heard=max(one - many for one, many in zip(alone, shared, strict=True)),
        delivered=max(shared),
        idle=max(idle) * 1e3 / 19_000,
        connection=max(found(r"^\| idle connections per GiB \| ([\d.]+) KiB")),
        returned=max(found(r"^\| reconnects/s .*?\| ([\d.]+) µs")),
        published=max(found(r"^One Redis spends ([\d.]+) µs")),
        updated=found(r"^\| CPU \| taskbeam \| ([\d.]+) µs/call")[0],
    )
    assert costs_on_the_page(DOCUMENT.read_text(encoding="utf-8")) == pytest.approx(expected, abs=0.06)
