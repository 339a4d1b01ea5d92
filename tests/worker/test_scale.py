"""Round numbers for an axis."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.reports.pdf.scale import axis_ticks


@pytest.mark.parametrize(
    ("largest", "ticks"),
    [
        (0, [0, 1]),
        (1543.4, [0, 500, 1000, 1500, 2000]),
        (2000, [0, 500, 1000, 1500, 2000]),
        (2840, [0, 1000, 2000, 3000]),
        (0.07, [0, 0.02, 0.04, 0.06, 0.08]),
    ],
)
def test_ticks_are_round(largest: float, ticks: list[float]) -> None:
    assert axis_ticks(largest) == pytest.approx(ticks)


@given(st.floats(0.01, 1e9))
def test_ticks_reach_the_largest_value_and_are_few(largest: float) -> None:
    ticks = axis_ticks(largest)
    assert ticks[0] == 0
    assert ticks[-1] >= largest * 0.999_99
    assert 2 <= len(ticks) <= 6
