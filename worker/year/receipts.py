"""What a shop's tills have printed: every receipt of a month, the same on every machine. Pure."""

from __future__ import annotations

from calendar import monthrange
from random import Random
from typing import TYPE_CHECKING

from ..reports.catalogue import PRODUCTS
from ..reports.sample import SEASON

if TYPE_CHECKING:
    from collections.abc import Iterator

TILLS = 12

#: Products on a receipt, and how often there are so many.
SIZES, OFTEN = (1, 2, 3, 4, 5), (30, 30, 20, 13, 7)

#: How busy the days of a week are, from Monday.
WEEK = (0.9, 0.85, 0.95, 1.0, 1.3, 1.6, 0.5)

#: What is cheap is bought more often.
DEMAND = tuple(1 / product.price_cents for product in PRODUCTS)

#: Of how many products after the first one is the one that people buy with it.
TOGETHER = (1, 5)

#: What that is, for each product.
COMPANIONS = Random("taskbeam tills, companions").sample(range(len(PRODUCTS)), k=len(PRODUCTS))


def receipts_of(year: int, month: int, average: int) -> Iterator[str]:
    """Yield the receipts of a month, day by day: `14;3;7 12 12` is day 14, till 3, and products by number.

    ``average``: receipts of a month; some months have more, by the season.
    """
    chance = Random(f"taskbeam tills, {year}-{month:02}")
    count = round(average * SEASON[month - 1])
    first_weekday, last_day = monthrange(year, month)
    busy = [WEEK[(first_weekday + day) % 7] for day in range(last_day)]
    days = sorted(chance.choices(range(1, last_day + 1), busy, k=count))
    tills = chance.choices(range(1, TILLS + 1), k=count)
    sizes = chance.choices(SIZES, OFTEN, k=count)
    products = iter(chance.choices(range(len(PRODUCTS)), DEMAND, k=sum(sizes)))
    together = iter(chance.choices((True, False), TOGETHER, k=sum(sizes) - count))
    for day, till, size in zip(days, tills, sizes, strict=True):
        first = next(products)
        basket = [first]
        for _ in range(size - 1):
            other = next(products)
            basket.append(COMPANIONS[first] if next(together) else other)
        yield f"{day};{till};{' '.join(map(str, basket))}"
