"""How sure an average is, by the bootstrap. Pure.

Efron and Tibshirani, "An Introduction to the Bootstrap" (1993), section 13.3.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random

#: How often all values are drawn anew: as many as the tails of the interval need.
DRAWS = 200
#: Of all averages that come of it, as many are left out at each end.
TAIL = 0.025

#: Told how much is done: 0 to 1.
Told = Callable[[float], object]


@dataclass(frozen=True, slots=True)
class Average:
    """The average of some values; at 95 % that of what they come from is between ``low`` and ``high``."""

    middle: float
    low: float
    high: float


def average_of(values: Sequence[int], seed: str, told: Told) -> Average:
    """Draw as many values again and again, with repetitions. The same ``seed`` gives the same interval.

    Raises `ValueError` where there are none.
    """
    if not values:
        raise ValueError("there is no average of no values")
    chance = Random(seed)
    count = len(values)
    found = []
    for number in range(1, DRAWS + 1):
        found.append(sum(chance.choices(values, k=count)) / count)
        told(number / DRAWS)
    found.sort()
    out = int(DRAWS * TAIL)
    return Average(sum(values) / count, found[out], found[-1 - out])
