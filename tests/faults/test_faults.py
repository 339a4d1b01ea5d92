"""The laboratory's short form: a handful of faults with few clients. `make chaos` is the long one."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.support.gateway import ROOT

from .checker import Findings
from .plan import Plan
from .report import head, index, row
from .stage import Stage
from .table import FAULTS
from .trial import Crowd, Outcome, strike

if TYPE_CHECKING:
    from collections.abc import Iterator

#: One client of each transport for each task.
CROWD = Crowd(clients=24, seed=14)

#: Each breaks something of its own, and all leave the stage as it was.
STRIKING = (
    "gateway SIGKILL",
    "Redis SIGKILL, append-only file",
    "CLIENT KILL",
    "READONLY",
    "FLUSHALL",
    "reset while shaking hands",
    "truncated answers",
)


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with Stage(tmp_path_factory.mktemp("faults"), Plan(keeps="aof")) as stage:
        yield stage


@pytest.mark.parametrize("name", STRIKING)
def test_no_client_notices_a_fault(stage: Stage, name: str) -> None:
    fault = replace(FAULTS[name], lasts=2.0)
    outcome = strike(stage, fault, CROWD)
    assert outcome.broken == [], outcome


class TestTheTable:
    def test_each_fault_says_what_it_is(self) -> None:
        assert all(name == fault.name and fault.what for name, fault in FAULTS.items())

    def test_the_document_has_it(self) -> None:
        assert index(FAULTS.values()) in (ROOT / "docs" / "reliability.md").read_text()

    def test_what_a_client_may_meet_is_a_count_or_the_code_of_a_problem(self) -> None:
        known = {*vars(Findings()), "unknown_task"}
        assert all(fault.may <= known for fault in FAULTS.values())

    def test_what_is_broken_is_named(self) -> None:
        met = {"sse": Findings(lost=2, gaps=1), "poll": Findings(lost=1)}
        met["sse"].errors["expired"] += 1
        assert Outcome(FAULTS["none"], met).broken == ["lost 3", "gaps 1", "expired 1"]
        assert Outcome(FAULTS["FLUSHALL"], met).broken == ["lost 3", "expired 1"]

    def test_a_row_has_a_cell_for_each_column(self) -> None:
        assert row("none", "sse", Findings()).count("|") == head().splitlines()[0].count("|")
