"""Adding up receipts: what each month brought, and what is bought together. Pure; amounts are euro cents."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import combinations

from ..reports.catalogue import PRODUCTS

PRICES = tuple(product.price_cents for product in PRODUCTS)

#: Receipts after which it is told how much is done: 0 to 1.
EVERY = 2_000
Told = Callable[[float], object]


def amounts_of(lines: Sequence[str], told: Told) -> list[int]:
    """What was paid on each receipt."""
    found = []
    for count, line in enumerate(lines, start=1):
        found.append(sum([PRICES[int(number)] for number in line.rpartition(";")[2].split()]))
        if count % EVERY == 0:
            told(count / len(lines))
    return found


@dataclass(frozen=True, slots=True)
class Pair:
    """Two products that are on one receipt ``lift`` times as often as chance would have it."""

    first: str
    second: str
    receipts: int
    lift: float


@dataclass(slots=True)
class Together:
    """Counts which products are on one receipt."""

    receipts: int = 0
    single: Counter[int] = field(default_factory=Counter)
    pairs: Counter[tuple[int, int]] = field(default_factory=Counter)

    def add(self, lines: Sequence[str], told: Told) -> None:
        """Add some receipts."""
        for count, line in enumerate(lines, start=1):
            basket = sorted({int(number) for number in line.rpartition(";")[2].split()})
            self.single.update(basket)
            self.pairs.update(combinations(basket, 2))
            if count % EVERY == 0:
                told(count / len(lines))
        self.receipts += len(lines)

    def most(self, number: int) -> list[Pair]:
        """The pairs with the highest lift, which is `P(a and b) / (P(a) P(b))`."""
        found = [self._pair(one, other, both) for (one, other), both in self.pairs.items()]
        return sorted(found, key=lambda pair: (-pair.lift, pair.first, pair.second))[:number]

    def _pair(self, one: int, other: int, both: int) -> Pair:
        lift = both * self.receipts / (self.single[one] * self.single[other])
        return Pair(PRODUCTS[one].name, PRODUCTS[other].name, both, lift)
