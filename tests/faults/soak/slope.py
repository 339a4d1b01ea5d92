"""Does a value grow? A straight line through its readings, and how sure that line is."""

from __future__ import annotations

import math
from statistics import fmean
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

#: The part of the readings, from the first on, in which caches fill and the first results expire.
WARM_UP = 1 / 2

#: Seconds after the warm-up that it takes to tell growth from what settles.
STEADY = 600.0

#: Growth per hour, as a part of the level, that nobody would notice in a month of deploys.
ALLOWANCE = 0.05

#: How many standard errors a slope has to be above zero to be no accident.
_SURE = 3.0

#: Readings after the warm-up that a line and its error take.
LEAST = 3

_HOUR = 3600.0


class Slope(NamedTuple):
    """Of a value: its mean, its growth per hour, and the standard error of that."""

    level: float
    per_hour: float
    error: float

    @property
    def flat(self) -> bool:
        """Whether it does not grow, or not for sure, or too little to matter."""
        surely_up = self.per_hour > _SURE * self.error
        return not (surely_up and self.per_hour > ALLOWANCE * self.level)

    def beside(self, other: Slope) -> Slope:
        """By how much more it grows than the other would, were that as large."""
        scale = self.level / other.level
        error = math.hypot(self.error, scale * other.error)
        return Slope(self.level, self.per_hour - scale * other.per_hour, error)


def is_long_enough(times: Sequence[float]) -> bool:
    """Whether readings at these times tell what grows."""
    steady = times[int(len(times) * WARM_UP) :]
    return bool(steady) and steady[-1] - steady[0] >= STEADY


def is_enough(times: Sequence[float]) -> bool:
    """Whether a line can be laid through readings at these times."""
    return len(times) - int(len(times) * WARM_UP) >= LEAST


def slope(times: Sequence[float], values: Sequence[float]) -> Slope:
    """The line of least squares through the readings after the warm-up.

    Args:
        times: in seconds.
        values: one for each time.

    Raises:
        ValueError: three readings are needed after the warm-up.
    """
    first = int(len(times) * WARM_UP)
    xs, ys = times[first:], values[first:]
    if not is_enough(times):
        raise ValueError("too short a time: there are fewer than three readings after the warm-up")
    x_mean, y_mean = fmean(xs), fmean(ys)
    spread = sum((x - x_mean) ** 2 for x in xs)
    rise = sum((x - x_mean) * (y - y_mean) for x, y in zip(xs, ys, strict=True)) / spread
    rest = sum((y - y_mean - rise * (x - x_mean)) ** 2 for x, y in zip(xs, ys, strict=True))
    error = math.sqrt(rest / (len(xs) - 2) / spread)
    return Slope(y_mean, rise * _HOUR, error * _HOUR)
