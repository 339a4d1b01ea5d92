"""What the soak calls flat, and what it does not."""

from __future__ import annotations

from random import Random

import pytest

from .soak.gauge import Reading
from .soak.report import BESIDE, STOCK, growing, slopes, table
from .soak.slope import is_enough, is_long_enough, slope

#: An hour, a reading each half minute.
TIMES = [30.0 * index for index in range(120)]


def noisy(start: float, per_hour: float, noise: float) -> list[float]:
    chance = Random(1)
    return [start + per_hour * at / 3600 + chance.gauss(0, noise) for at in TIMES]


@pytest.mark.parametrize(
    ("values", "flat"),
    [
        (noisy(80, 0, 0), True),
        (noisy(80, 0, 3), True),
        (noisy(80, 2, 0.1), True),  # for sure, but too little
        (noisy(80, 8, 0.1), False),
        (noisy(80, 8, 60), True),  # by accident
        (noisy(80, -20, 1), True),
        ([40.0 + at / 15 if at < 600 else 80.0 for at in TIMES], True),  # while it warms up
        ([10.0 if at < 2000 else 11.0 for at in TIMES], False),  # one descriptor more, for good
    ],
)
def test_growth(values: list[float], flat: bool) -> None:
    assert slope(TIMES, values).flat is flat


@pytest.mark.parametrize(("minutes", "enough"), [(0, False), (15, False), (21, True), (60, True)])
def test_what_settles_takes_its_time(minutes: int, enough: bool) -> None:
    assert is_long_enough([30.0 * index for index in range(2 * minutes)]) is enough


def test_a_slope_is_per_hour() -> None:
    found = slope(TIMES, noisy(80, 8, 0))
    assert found.per_hour == pytest.approx(8)
    assert found.error == pytest.approx(0, abs=1e-6)


def test_a_line_takes_three_readings() -> None:
    assert [is_enough([float(at) for at in range(readings)]) for readings in range(7)] == [False] * 5 + [
        True
    ] * 2
    with pytest.raises(ValueError, match="too short a time"):
        slope([1.0, 2.0, 3.0], [1.0, 1.0, 1.0])


def test_the_table_says_what_grows() -> None:
    memory, keys = Reading("gateway", "memory", "MB"), Reading("Redis", "keys")
    stock = Reading(STOCK, "memory", "MB")
    samples = [{memory: 80.0 + index, keys: 7.0, stock: 40.0 + index} for index in range(len(TIMES))]
    shown = table(samples, slopes(TIMES, samples))
    assert "| gateway | memory | 80 MB | 199 MB | +120 MB |" in shown
    assert [line.split("|")[-2].strip() for line in shown.splitlines()[2:]] == ["NO", "yes", "–"]


@pytest.mark.parametrize(("own", "grows"), [(1.0, False), (1.4, True)])
def test_a_worker_with_threads_may_grow_as_one_of_celery_does(own: float, grows: bool) -> None:
    [(memory, stock)] = BESIDE.items()
    samples = [
        {memory: 60 + own * per_minute, stock: 40 + per_minute * 2 / 3}
        for per_minute in (at / 60 for at in TIMES)
    ]
    assert bool(growing(slopes(TIMES, samples))) is grows
