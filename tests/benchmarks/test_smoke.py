"""The benchmarks run, and nothing of ours is lost in them. No figure is judged here."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]


def run_quickly(benchmark: str, tmp_path: Path) -> list[dict[str, Any]]:
    file = tmp_path / "figures.json"
    command = [sys.executable, "-m", f"benchmarks.{benchmark}", "--quick", "--json", str(file)]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=240)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    document = json.loads(file.read_text(encoding="utf-8"))
    assert document["benchmark"] == benchmark
    figures: list[dict[str, Any]] = document["figures"]
    return figures


def test_update_cost_compares_cpu_and_wall_time(tmp_path: Path) -> None:
    figures = run_quickly("update_cost", tmp_path)
    assert [(figure["case"], figure["subject"]) for figure in figures] == [
        (case, subject) for case in ("CPU", "wall time") for subject in ("taskbeam", "celery")
    ]


@pytest.mark.skipif(sys.platform == "win32", reason="many sockets")
def test_abuse_leaves_nothing_behind(tmp_path: Path) -> None:
    figures = run_quickly("abuse", tmp_path)
    assert [figure["case"] for figure in figures] == ["quiet", "half-open", "never-reading", "shouting"]
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
