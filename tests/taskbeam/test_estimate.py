"""The arithmetic of waiting: what is known, what is not, and how sure."""

from __future__ import annotations

from math import sqrt

import pytest

from taskbeam.queues.estimate import MIN_RUNS, Estimate, Times, estimate

TEN = Times(runs=100, mean=10.0, spread=0.0)


class TestWhatIsNotKnown:
    @pytest.mark.parametrize("runs", range(MIN_RUNS))
    def test_a_few_runs_say_nothing(self, runs: int) -> None:
        assert Times.of([str(runs).encode(), b"10", b"1"]) is None

    def test_nor_does_a_queue_that_nobody_has_seen(self) -> None:
        assert Times.of([None, None, None]) is None
        assert estimate(3, 2, None, TEN) is None

    def test_nor_one_that_nobody_consumes(self) -> None:
        assert estimate(3, 0, TEN, TEN) is None

    def test_a_kind_of_task_that_nobody_has_seen_has_a_start_and_no_end(self) -> None:
        assert estimate(3, 1, TEN, None) == Estimate(start=40.0, end=None, spread=0.0)


class TestTheStart:
    @pytest.mark.parametrize(
        ("ahead", "slots", "start"), [(0, 1, 10.0), (1, 1, 20.0), (9, 1, 100.0), (9, 4, 25.0), (0, 4, 2.5)]
    )
    def test_comes_when_those_ahead_and_one_that_runs_have_made_room(
        self, ahead: int, slots: int, start: float
    ) -> None:
        assert estimate(ahead, slots, TEN, None) == Estimate(start, None, 0.0)


class TestTheSpread:
    def test_grows_with_those_ahead_and_less_than_they_do(self) -> None:
        times = Times(runs=1000, mean=10.0, spread=2.0)
        spreads = [made.spread for ahead in (0, 9, 99) if (made := estimate(ahead, 1, times, None))]
        assert spreads[0] < spreads[1] < spreads[2] < 100 * spreads[0]

    def test_is_wider_where_less_is_known(self) -> None:
        few, many = (estimate(9, 1, Times(runs, 10.0, 2.0), None) for runs in (3, 1000))
        assert few is not None
        assert many is not None
        assert few.spread > many.spread

    def test_counts_the_tasks_own(self) -> None:
        made = estimate(0, 1, TEN, Times(runs=5, mean=60.0, spread=7.0))
        assert made == Estimate(start=10.0, end=70.0, spread=7.0)

    def test_adds_up_as_variances_do(self) -> None:
        made = estimate(3, 2, Times(4, 10.0, 2.0), Times(4, 10.0, 3.0))
        assert made is not None
        assert made.spread == pytest.approx(sqrt((2.0 * sqrt(4 + 16 / 4) / 2) ** 2 + 9))


def test_clients_are_told_tenths_of_a_second_and_nothing_that_is_not_known() -> None:
    assert Estimate(1.26, 3.14159, 0.04).member() == {"start": 1.3, "end": 3.1, "spread": 0.0}
    assert Estimate(1.26, None, 0.04).member() == {"start": 1.3, "spread": 0.0}
