"""A figure fails for what it costs and for what it loses; only ours decide the exit code."""

from __future__ import annotations

from dataclasses import replace
from math import nan

from benchmarks.percentile import percentile
from benchmarks.ratio import median_ratio
from benchmarks.report import Figure, markdown, promises_kept, table


def figure(
    *, ratio: float | None = 0.2, target: float | None = 0.25, ours: bool = True, fault: str = ""
) -> Figure:
    return Figure(
        case="case", subject="x", value=1, unit="µs", ratio=ratio, target=target, ours=ours, fault=fault
    )


def test_a_value_above_its_limit_breaks_the_promise() -> None:
    within = figure(target=None, ratio=None)
    assert promises_kept([replace(within, limit=1.0)])
    assert not promises_kept([replace(within, limit=0.9)])


def test_a_round_that_somebody_did_not_finish_does_not_count() -> None:
    rounds = Figure.of_rounds(
        rounds=[4, nan, 2, 8], scale=10, ours_in_them=[1, 1, 1, nan], case="case", subject="x", unit="µs"
    )
    assert (rounds.value, rounds.low, rounds.high, rounds.ratio) == (40, 20, 80, 0.375)


def test_a_percentile_is_a_value_that_was_measured() -> None:
    values = list(range(100, 0, -1))
    assert (percentile(values, 50), percentile(values, 99), percentile(values, 100)) == (50, 99, 100)
    assert percentile([7], 99) == 7


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
    assert "p99" not in table([figure()])
    assert "p99" in table([figure(), replace(figure(), p99=0.5)])


def test_markdown_has_a_line_for_each_figure() -> None:
    headings, rule, *lines = markdown([figure(), figure(ours=False)]).splitlines()
    assert headings.count("|") == rule.count("|")
    assert [line.count("|") for line in lines] == [headings.count("|")] * 2
