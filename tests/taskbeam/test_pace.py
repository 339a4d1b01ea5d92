"""How much longer a run goes on: said only where there is enough to go by."""

from __future__ import annotations

import pytest

from taskbeam.journal.pace import Pace

BEGAN = 100.0


def reported(*reports: tuple[float, float]) -> float | None:
    """The seconds left after reports of (seconds since the start, current) of 1000."""
    pace, remaining = Pace(BEGAN), None
    for at, current in reports:
        remaining = pace.remaining(current, 1000, BEGAN + at)
    return remaining


@pytest.mark.parametrize(
    ("reports", "left"),
    [
        (((10, 500),), 10),
        (((10, 200), (20, 500)), 20),
        (((10, 1000),), 0),
        (((10, 1500),), 0),
    ],
)
def test_goes_on_as_it_has(reports: tuple[tuple[float, float], ...], left: float) -> None:
    assert reported(*reports) == pytest.approx(left)


@pytest.mark.parametrize(
    "reports",
    [
        ((0.5, 500),),  # a second has not gone by
        ((10, 5),),  # less than a hundredth
        ((10, 0),),
        ((10, -5),),
        ((0.5, 500), (1.2, 600)),  # nor a second since the beginning
        ((0.5, 500), (10, 100)),  # it starts over
    ],
)
def test_is_not_said_with_too_little_to_go_by(reports: tuple[tuple[float, float], ...]) -> None:
    assert reported(*reports) is None


def test_what_was_done_before_is_no_speed() -> None:
    """A second attempt takes up where the first one stopped."""
    assert reported((0.1, 500), (10.1, 600)) == pytest.approx(40)
