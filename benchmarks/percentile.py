"""Percentiles by nearest rank: always a latency that was measured."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def percentile(values: Sequence[float], percent: float) -> float:
    """The smallest value that ``percent`` of 100 values do not exceed. Raises `ValueError` without values."""
    if not values:
        raise ValueError("no values")
    return sorted(values)[max(ceil(len(values) * percent / 100), 1) - 1]
