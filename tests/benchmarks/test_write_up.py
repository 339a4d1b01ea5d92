"""What is published is worked out from the figures, and lands where the document has marks for it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from shutil import copy
from typing import Any

import pytest

from benchmarks import __main__ as everything
from benchmarks.capacity_plan import Costs, plan
from benchmarks.comparisons import growth, promptness
from benchmarks.missed import NOTHING, missed
from benchmarks.plots import AXES, curves
from benchmarks.report import Figure, Report
from benchmarks.write_up import fill

ROOT = Path(__file__).parents[2]


def kept(tmp_path: Path, *figures: Figure) -> dict[str, Any]:
    """As they are read again."""
    file = tmp_path / "figures.json"
    Report(figures).write_json(file, "some")
    document: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return document


def figure(
    value: float, unit: str = "µs/delivery", *, subject: str = "taskbeam", **conditions: str | int
) -> Figure:
    conditions = {"transport": "SSE", **conditions}
    return Figure(
        case="case", subject=subject, value=value, unit=unit, redis=25.0, conditions=conditions, ours=True
    )


DELIVERED: list[tuple[float, dict[str, Any]]] = [
    (9.0, {"clients": 100, "tasks": 1}),
    (10.0, {"clients": 5000, "tasks": 1}),
    (80.0, {"clients": 1000, "tasks": 1000, "rate": 1000}),
    (70.0, {"clients": 1000, "tasks": 1000, "rate": 5000}),
]


def all_figures(tmp_path: Path) -> dict[str, dict[str, Any]]:
    delivered = [
        figure(value, subject=subject, transport=transport, **conditions)
        for transport in ("WebSocket", "SSE")
        for subject in ("taskbeam", "other")
        for value, conditions in DELIVERED
    ]
    return {
        "update_cost": kept(tmp_path, figure(1, "µs/call")),
        "canvas_cost": kept(tmp_path, figure(1, "ms/task")),
        "delivery_cost": kept(tmp_path, *delivered),
        "idle_cost": kept(
            tmp_path,
            *(figure(value, unit, transport=transport, clients=1000)
              for transport in ("WebSocket", "SSE") for value, unit in ((4.0, "KiB"), (3.0, "ms/s"))),
        ),
        "reconnect_cost": kept(
            tmp_path,
            *(figure(value, unit, transport=transport, clients=1000)
              for transport in ("WebSocket", "SSE") for value, unit in ((200.0, "µs/client"), (9.0, "ms"))),
        ),
        "slow_readers": kept(tmp_path, figure(1)),
        "several_processes": kept(tmp_path, figure(1)),
        "end_to_end": kept(tmp_path, figure(1, "µs/event")),
        "first_event": kept(tmp_path, figure(1, "s")),
    }  # fmt: skip


def test_the_plan_is_worked_out_from_our_largest_cases(tmp_path: Path) -> None:
    figures = {name: document["figures"] for name, document in all_figures(tmp_path).items()}
    costs = Costs.from_figures(figures, "SSE")
    assert costs == Costs(delivery=10, event=70, redis_event=25, reconnect=200, connection=4)
    told = plan(costs)
    assert "0.7 s ÷ 10.0 µs = 70,000 | 280,000 | 2,800,000" in told
    assert "1 GiB ÷ 4.0 KiB = 262,144" in told
    # 10 nodes × 4 cores × 10,000 events/s, and a Redis that carries 28,000.
    assert "400,000 ÷ 28,000 → 15 shards" in told


def test_a_missing_figure_is_said() -> None:
    with pytest.raises(LookupError, match="tasks"):
        Costs.from_figures({"delivery_cost": [], "idle_cost": [], "reconnect_cost": []}, "SSE")


def test_a_curve_has_the_points_of_its_axis_in_order(tmp_path: Path) -> None:
    figures = all_figures(tmp_path)["delivery_cost"]["figures"]
    by_clients, _, by_rate = (curves(figures, axis, "SSE")["other"] for axis in AXES)
    assert by_clients == [(100, 9.0), (5000, 10.0)]
    assert by_rate == [(1000, 80.0), (5000, 70.0)]


def test_growth_is_what_the_most_clients_cost_more() -> None:
    few, many = (figure(value, clients=clients, tasks=1) for value, clients in ((8, 100), (10, 9000)))
    others = [figure(1, transport="WebSocket", clients=100, tasks=1)]
    [grown] = growth([few, many, *others])
    assert (grown.value, grown.broken) == (1.25, True)


def test_growth_is_told_of_the_limit_too_and_not_judged() -> None:
    costs = [
        figure(value, subject="send() loop in C", clients=clients, tasks=1)
        for value, clients in ((2, 100), (3, 9000))
    ]
    [grown] = growth([replace(cost, ours=False) for cost in costs])
    assert (grown.subject, grown.value, grown.broken) == ("send() loop in C", 1.5, False)


def test_a_99th_percentile_above_nchans_breaks_the_promise() -> None:
    ours = replace(figure(1, tasks=5, rate=1000), p99=2.0)
    faster, slower = (
        replace(ours, subject=subject, p99=p99, ours=False)
        for subject, p99 in (("Nchan, memory", 1.0), ("Nchan, Redis", 4.0))
    )
    other = replace(faster, subject="usual recipe")
    found = promptness([ours, faster, slower, other])
    assert [(each.subject, each.value, each.ratio, each.broken) for each in found] == [
        ("taskbeam", 2.0, 1.0, False),
        ("Nchan, memory", 1.0, 2.0, True),
        ("Nchan, Redis", 4.0, 0.5, False),
    ]


def test_a_promise_that_is_missed_stands_beside_what_the_loop_in_c_needed() -> None:
    ours = figure(20)
    peer, limit = (
        replace(ours, subject=subject, value=value, ratio=20 / value, ours=False)
        for subject, value in (("Nchan, memory", 25.0), ("send() loop in C", 15.0))
    )
    wait = replace(ours, case="wait", unit="ms", value=70.0, limit=50.0)
    table = missed([ours, replace(peer, target=0.5), limit, wait]).splitlines()
    assert table[2:] == [
        "| case | Nchan, memory | 0.80 | ≤ 0.5 | 0.60 |",
        "| wait |  | 70.0 ms | ≤ 50 ms |  |",
    ]
    assert missed([ours, replace(peer, target=0.9), limit]) == NOTHING


def test_a_part_replaces_what_its_marks_hold_and_nothing_else() -> None:
    document = "a\n<!-- x -->\nold\n<!-- /x -->\nb\n<!-- y -->\nkept\n<!-- /y -->\n"
    filled = fill(document, {"x": r"new \1"})
    assert filled == "a\n<!-- x -->\n\nnew \\1\n\n<!-- /x -->\nb\n<!-- y -->\nkept\n<!-- /y -->\n"
    assert fill(filled, {"x": r"new \1"}) == filled
    with pytest.raises(LookupError):
        fill(document, {"z": ""})


def test_the_documents_have_a_place_for_everything(tmp_path: Path) -> None:
    documents = [tmp_path / document for document in (everything.DOCUMENT, everything.CAPACITY)]
    documents[0].parent.mkdir()
    for document in documents:
        copy(ROOT / document.relative_to(tmp_path), document)
    picture = tmp_path / "growth.png"
    picture.write_bytes(b"picture")
    everything.publish(all_figures(tmp_path), picture, tmp_path)
    performance, capacity = (document.read_text(encoding="utf-8") for document in documents)
    assert "Not measured yet" not in performance
    assert "(performance.png)" in performance
    assert "| 200.0 µs |" in capacity
    assert (tmp_path / everything.PICTURE).read_bytes() == b"picture"
