"""What a year's report says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .confidence import Average
    from .sums import Pair


@dataclass(frozen=True, slots=True)
class MonthFound:
    """One month: its receipts, what they brought, and the average receipt with how sure that is; in cents."""

    month: int
    receipts: int
    revenue_cents: int
    average: Average


@dataclass(frozen=True, slots=True)
class Findings:
    """A year, its months in order, and what is bought together, the most telling first."""

    year: int
    months: Sequence[MonthFound]
    together: Sequence[Pair]

    @property
    def receipts(self) -> int:
        return sum(month.receipts for month in self.months)

    @property
    def revenue_cents(self) -> int:
        return sum(month.revenue_cents for month in self.months)
