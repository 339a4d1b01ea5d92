"""A ratio that a shared machine does not spoil."""

from __future__ import annotations

from math import isnan
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def median_ratio(ours: Sequence[float], theirs: Sequence[float]) -> float | None:
    """The median of the ratios within each round.

    Both sides of a round run within the same seconds, so that whatever else the machine does then,
    and a clock that drifts, weigh on both. A round that one of them did not finish (NaN) does not count.
    None when none is left, or one was too short for the clock to see. Raises `ValueError` when the
    rounds do not pair up.
    """
    if not (all(ours) and all(theirs)):
        return None
    ratios = [mine / other for mine, other in zip(ours, theirs, strict=True)]
    finished = [ratio for ratio in ratios if not isnan(ratio)]
    return median(finished) if finished else None
