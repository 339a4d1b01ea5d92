"""A shop's two years of trade, the same on every machine: rows to insert, made without I/O."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from typing import Any

from .catalogue import CITIES, COMPANIES, FIRST_NAMES, LAST_NAMES, PRODUCTS, TRADES
from .orders import OrderStatus

USERS = 250
FIRST_DAY = date(2024, 1, 1)
LAST_DAY = date(2025, 12, 31)

# Every so many users is an account that was opened and never used.
UNUSED_EVERY = 50

# Orders wax and wane with the year: quiet in high summer, busy before Christmas.
SEASON = (0.92, 0.95, 1.0, 1.02, 1.05, 0.97, 0.8, 0.78, 1.0, 1.08, 1.18, 1.32)

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Sample:
    """Rows by table, in an order that satisfies the foreign keys."""

    users: list[Row]
    addresses: list[Row]
    products: list[Row]
    orders: list[Row]
    order_lines: list[Row]


def sample() -> Sample:
    """Make the whole data set; ids of orders follow their dates, as in a shop that has grown."""
    users = [_user(user_id) for user_id in range(1, USERS + 1)]
    drafts = [draft for user_id in range(1, USERS + 1) for draft in _orders(user_id)]
    drafts.sort(key=lambda draft: (draft["placed_on"], draft["user_id"]))
    orders, lines = [], []
    for order_id, draft in enumerate(drafts, start=1):
        lines += [{"order_id": order_id, **line} for line in draft.pop("lines")]
        orders.append({"id": order_id, **draft})
    products = [
        {"id": product_id, "name": product.name, "category": product.category}
        for product_id, product in enumerate(PRODUCTS, start=1)
    ]
    addresses = [{"user_id": user["id"], "email": f"user-{user['id']}@example.com"} for user in users]
    return Sample(users, addresses, products, orders, lines)


def _chance(user_id: int, subject: str) -> Random:
    """Return the user's own dice, so that no user's data depends on another's."""
    return Random(f"taskbeam sample, {subject} of user {user_id}")


def _user(user_id: int) -> Row:
    chance = _chance(user_id, "name")
    return {
        "id": user_id,
        "company": f"{chance.choice(COMPANIES)} {chance.choice(TRADES)}",
        "contact": f"{chance.choice(FIRST_NAMES)} {chance.choice(LAST_NAMES)}",
        "city": chance.choice(CITIES),
    }


def _orders(user_id: int) -> Iterator[Row]:
    """Yield a user's orders with their lines, day by day, in that user's own rhythm and taste."""
    if user_id % UNUSED_EVERY == 0:
        return
    chance = _chance(user_id, "orders")
    pause_days = chance.uniform(6, 22)
    yearly_growth = chance.uniform(-0.15, 0.35)
    taste = [chance.expovariate(1.0) for _ in PRODUCTS]
    day = FIRST_DAY + timedelta(days=chance.uniform(0, pause_days))
    while day <= LAST_DAY:
        years = (day - FIRST_DAY).days / 365
        demand = SEASON[day.month - 1] * (1 + yearly_growth) ** years
        yield {
            "user_id": user_id,
            "placed_on": day,
            "status": _status(chance, day),
            "lines": list(_lines(chance, taste, demand, years)),
        }
        day += timedelta(days=max(1, round(chance.gauss(pause_days, pause_days / 3) / demand)))


def _status(chance: Random, day: date) -> OrderStatus:
    fate = chance.random()
    if fate < 0.03:
        return OrderStatus.CANCELLED
    age_days = (LAST_DAY - day).days
    if age_days < 5:
        return OrderStatus.PROCESSING
    if age_days < 12:
        return OrderStatus.SHIPPED
    return OrderStatus.REFUNDED if fate < 0.06 else OrderStatus.DELIVERED


def _lines(chance: Random, taste: list[float], demand: float, years: float) -> Iterator[Row]:
    """Yield one to five different products; dear ones are bought one at a time, prices rise yearly."""
    ids = range(1, len(PRODUCTS) + 1)
    chosen = sorted({*chance.choices(ids, weights=taste, k=chance.randint(1, 5))})
    for position, product_id in enumerate(chosen, start=1):
        price = PRODUCTS[product_id - 1].price_cents
        usual = 1 if price > 5000 else chance.uniform(2, 9)
        yield {
            "position": position,
            "product_id": product_id,
            "quantity": max(1, round(usual * demand)),
            "unit_price_cents": math.ceil(price * 1.035 ** int(years) / 10) * 10,
        }
