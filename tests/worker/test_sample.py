"""The sample shop is the same everywhere."""

import hashlib
import json
from collections import Counter

from worker.reports.sample import FIRST_DAY, LAST_DAY, USERS, sample


def test_it_is_the_same_on_every_machine() -> None:
    rows = sample()
    users_and_orders = json.dumps([rows.users, rows.orders, rows.order_lines], default=str)
    assert hashlib.sha256(users_and_orders.encode()).hexdigest()[:16] == "5841ec80899c5083"


def test_it_is_a_shop_of_hundreds_over_two_years() -> None:
    rows = sample()
    per_user = Counter(row["user_id"] for row in rows.orders)
    assert len(rows.users) == USERS == 250
    assert 123 in per_user
    assert per_user[50] == 0  # opened, never used
    assert min(per_user.values()) >= 20
    days = [row["placed_on"] for row in rows.orders]
    assert days == sorted(days)
    assert days[0] >= FIRST_DAY
    assert days[-1] <= LAST_DAY
    assert len({row["status"] for row in rows.orders}) == 5


def test_every_line_belongs_to_an_order_and_a_product() -> None:
    rows = sample()
    orders = {row["id"] for row in rows.orders}
    products = {row["id"] for row in rows.products}
    assert {row["order_id"] for row in rows.order_lines} == orders
    assert {row["product_id"] for row in rows.order_lines} <= products
    assert len({(row["order_id"], row["position"]) for row in rows.order_lines}) == len(rows.order_lines)
    assert all(row["quantity"] > 0 and row["unit_price_cents"] > 0 for row in rows.order_lines)
