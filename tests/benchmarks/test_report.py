"""A figure fails for what it costs and for what it loses; only ours decide the exit code."""

from __future__ import annotations

from dataclasses import replace

from benchmarks.ratio import median_ratio
from benchmarks.report import Figure, promises_kept, table


def figure(
    *, ratio: float | None = 0.2, target: float | None = 0.25, ours: bool = True, fault: str = ""
) -> Figure:
    return Figure(
        case="case", subject="x", value=1, unit="µs", ratio=ratio, target=target, ours=ours, fault=fault
    )


def test_the_ratio_is_the_median_of_the_rounds() -> None:
    assert median_ratio([1, 2, 30], [2, 4, 3]) == 0.5
    assert median_ratio([1], [0]) is None


def test_a_ratio_above_the_target_breaks_the_promise() -> None:
    assert promises_kept([figure()])
    assert not promises_kept([figure(ratio=0.26)])
    assert not promises_kept([figure(ratio=None)])


def test_a_lost_event_breaks_the_promise_without_any_target() -> None:
    assert not promises_kept([figure(target=None, fault="lost 1")])


def test_a_peer_that_fails_is_shown_and_no_more() -> None:
    peer = figure(ours=False, target=None, fault="lost 1")
    assert promises_kept([peer])
    assert "FAIL" in table([peer])


def test_a_column_that_nobody_fills_is_left_out() -> None:
    assert "to leanest" not in table([figure()])
    assert "to leanest" in table([figure(), replace(figure(), to_leanest=0.5)])
