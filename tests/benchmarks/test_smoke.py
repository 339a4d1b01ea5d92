"""The benchmarks run, and nothing of ours is lost in them. No figure is judged here."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks.abuses.strangers import KINDS

ROOT = Path(__file__).parents[2]


def run_quickly(benchmark: str, tmp_path: Path) -> list[dict[str, Any]]:
    file = tmp_path / "figures.json"
    command = [sys.executable, "-m", f"benchmarks.{benchmark}", "--quick", "--json", str(file)]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=540)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    document = json.loads(file.read_text(encoding="utf-8"))
    assert document["benchmark"] == benchmark
    figures: list[dict[str, Any]] = document["figures"]
    return figures


def test_update_cost_compares_cpu_and_wall_time(tmp_path: Path) -> None:
    figures = run_quickly("update_cost", tmp_path)
    assert [(figure["case"], figure["subject"]) for figure in figures] == [
        (case + labels, subject)
        for labels in ("", ", with an owner")
        for case in ("CPU", "wall time")
        for subject in ("taskbeam", "celery")
    ]


def test_canvas_cost_compares_cpu_writes_and_bytes(tmp_path: Path) -> None:
    figures = run_quickly("canvas_cost", tmp_path)
    assert len(figures) == 2 * 3 * 2  # canvases, figures, subjects
    # Counted, not timed: these hold on any machine.
    counted = [figure for figure in figures if figure["unit"] == "calls/task" and not figure["ours"]]
    assert all(figure["ratio"] <= 3 for figure in counted)


def test_feed_cost_compares_tasks_with_an_owner_and_without(tmp_path: Path) -> None:
    figures = run_quickly("feed_cost", tmp_path)
    assert [(figure["case"], figure["subject"]) for figure in figures] == [
        (f"{what}, per task", subject)
        for what in ("Redis", "worker")
        for subject in ("with an owner", "without")
    ]


def test_mark_cost_compares_ends_that_are_told_and_tasks_that_nobody_asked_about(tmp_path: Path) -> None:
    figures = run_quickly("mark_cost", tmp_path)
    assert [figure["case"] for figure in figures if figure["ours"]] == [
        "an end, with a mark for its task",
        "an end, with a mark for its owner",
        "a task that nobody asked about",
        "the same, with an owner",
    ]
    assert len(figures) == 4 * 2


def test_cluster_cost_compares_a_cluster_with_one_server(tmp_path: Path) -> None:
    figures = run_quickly("cluster_cost", tmp_path)
    assert {figure["subject"] for figure in figures} == {"cluster", "one server"}
    assert len(figures) == 2 * 2 * 2  # tasks, CPU and wall time, subjects


def test_group_cost_compares_a_large_group_with_small_ones(tmp_path: Path) -> None:
    figures = run_quickly("group_cost", tmp_path)
    assert len(figures) == 4 * 2  # figures, subjects
    # Counted, not timed: this holds on any machine.
    counted = [figure for figure in figures if figure["case"].startswith("rows") and not figure["ours"]]
    assert all(figure["ratio"] <= 1.25 for figure in counted)


def test_await_cost_compares_an_event_loop_with_threads(tmp_path: Path) -> None:
    figures = run_quickly("await_cost", tmp_path)
    assert [figure["subject"] for figure in figures] == ["aresult", "threads", "aresult"]
    assert figures[-1]["unit"] == "MiB"


def test_text_cost_counts_few_events_for_many_words(tmp_path: Path) -> None:
    figures = run_quickly("text_cost", tmp_path)
    counted = {figure["subject"]: figure for figure in figures if figure["unit"] == "events"}
    # Counted, not timed: this holds on any machine.
    assert counted["400 emit()"]["ratio"] < 1


def test_feed_followers_compares_one_with_many(tmp_path: Path) -> None:
    figures = run_quickly("feed_followers", tmp_path)
    assert [figure["subject"] for figure in figures] == ["1 follower", "5 followers"]
    assert not [figure for figure in figures if figure["fault"]]


@pytest.mark.skipif(sys.platform == "win32", reason="many sockets")
def test_abuse_leaves_nothing_behind(tmp_path: Path) -> None:
    figures = run_quickly("abuse", tmp_path)
    assert [figure["case"] for figure in figures] == ["quiet", "half-open", "never-reading", "shouting"]
    assert not [figure for figure in figures if figure["fault"]]


@pytest.mark.skipif(sys.platform != "linux", reason="each client has an address of its own")
def test_strangers_push_out_nobody(tmp_path: Path) -> None:
    figures = run_quickly("abuse_by_strangers", tmp_path)
    cases = {figure["case"] for figure in figures}
    assert {f"{kind}, ten addresses" for kind in KINDS} <= cases
    assert not [figure for figure in figures if figure["fault"]]


@pytest.mark.skipif(sys.platform == "win32", reason="the load generator runs on uvloop")
@pytest.mark.parametrize(
    ("benchmark", "ours"),
    [
        ("delivery_cost", 2 * (2 + 1)),  # transports; detached and portable, then detached alone
        ("idle_cost", 2 * 2),  # transports; memory and CPU
        ("reconnect_cost", 2 * 2),  # CPU, and the wait of others
        ("slow_readers", 2 * 2),  # CPU and memory
        ("several_processes", 2 * (2 + 1)),  # transports; one process and two, and the one beside the other
        ("end_to_end", 2 * 2),  # the server's CPU, and the worker's
    ],
)
def test_no_event_of_ours_is_lost(benchmark: str, ours: int, tmp_path: Path) -> None:
    figures = [figure for figure in run_quickly(benchmark, tmp_path) if figure["ours"]]
    assert len(figures) == ours
    assert not [figure for figure in figures if figure["fault"]]
