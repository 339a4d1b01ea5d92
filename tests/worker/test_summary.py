"""Adding up orders."""

from datetime import date
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.reports.orders import Order, OrderLine, OrderStatus
from worker.reports.summary import PERIOD_MONTHS, TOP_PRODUCTS, summarise

from .histories import line, order

ORDERS = st.lists(
    st.builds(
        Order,
        id=st.integers(1, 10_000),
        placed_on=st.dates(date(2021, 1, 1), date(2025, 12, 31)),
        status=st.sampled_from(OrderStatus),
        lines=st.lists(
            st.builds(
                OrderLine,
                product=st.sampled_from("abcdefghijklmnop"),
                category=st.sampled_from(["Coffee", "Tea", "Supplies"]),
                quantity=st.integers(1, 9),
                unit_price_cents=st.integers(1, 20_000),
            ),
            min_size=1,
            max_size=4,
        ).map(tuple),
    ),
    max_size=40,
)


def test_no_orders_add_up_to_nothing() -> None:
    summary = summarise([])
    assert (summary.orders, summary.revenue_cents, summary.average_order_cents) == (0, 0, 0)
    assert summary.growth is None
    assert not any([summary.months, summary.categories, summary.products, summary.statuses])


def test_totals_and_average() -> None:
    summary = summarise(
        [
            order(1, date(2025, 1, 5), line(quantity=2, unit_price_cents=1500)),
            order(2, date(2025, 1, 9), line(quantity=1, unit_price_cents=2001)),
        ]
    )
    assert (summary.orders, summary.items, summary.revenue_cents) == (2, 3, 5001)
    assert summary.average_order_cents == 2500


@pytest.mark.parametrize("status", [OrderStatus.REFUNDED, OrderStatus.CANCELLED])
def test_what_was_given_back_is_an_order_but_no_revenue(status: OrderStatus) -> None:
    summary = summarise(
        [order(1, date(2025, 3, 1)), order(2, date(2025, 3, 2), line("Scale", "Equipment"), status=status)]
    )
    assert (summary.orders, summary.earning_orders, summary.items) == (2, 1, 1)
    assert summary.revenue_cents == summary.months[0].revenue_cents == 1000
    assert [total.product for total in summary.products] == ["House espresso"]
    assert [total.category for total in summary.categories] == ["Coffee"]


def test_months_without_orders_are_there_and_the_trend_looks_back_three() -> None:
    summary = summarise(
        [
            order(1, date(2024, 11, 30), line(unit_price_cents=900)),
            order(2, date(2025, 2, 1), line(unit_price_cents=300)),
        ]
    )
    assert [(total.month, total.revenue_cents, total.trend_cents) for total in summary.months] == [
        (date(2024, 11, 1), 900, 900),
        (date(2024, 12, 1), 0, 450),
        (date(2025, 1, 1), 0, 300),
        (date(2025, 2, 1), 300, 100),
    ]


def test_the_period_is_two_years_up_to_the_newest_order() -> None:
    summary = summarise(
        [order(1, date(2023, 6, 30)), order(2, date(2023, 7, 1)), order(3, date(2025, 6, 30))]
    )
    assert summary.orders == 2
    assert [summary.months[0].month, summary.months[-1].month] == [date(2023, 7, 1), date(2025, 6, 1)]
    assert len(summary.months) == 24


def test_growth_compares_the_last_twelve_months_with_the_twelve_before() -> None:
    before = [order(1, date(2024, 1, 1), line(unit_price_cents=2000))]
    after = [order(2, date(2025, 12, 1), line(unit_price_cents=2500))]
    assert summarise(before + after).growth == pytest.approx(0.25)
    assert summarise(after).growth is None


def test_products_are_ranked_by_revenue_then_name() -> None:
    summary = summarise(
        [
            order(1, date(2025, 1, 1), line("B", unit_price_cents=500), line("A", unit_price_cents=500)),
            order(2, date(2025, 1, 2), line("C", quantity=3, unit_price_cents=400)),
            order(3, date(2025, 1, 3), line("A", quantity=0)),
        ]
    )
    assert [(total.product, total.quantity, total.revenue_cents) for total in summary.products] == [
        ("C", 3, 1200),
        ("A", 1, 500),
        ("B", 1, 500),
    ]
    assert summary.products[0].share == pytest.approx(1200 / 2200)


def test_statuses_keep_their_own_order() -> None:
    summary = summarise(
        [
            order(1, date(2025, 1, 1), status=OrderStatus.CANCELLED),
            order(2, date(2025, 1, 1), status=OrderStatus.DELIVERED),
            order(3, date(2025, 1, 1), status=OrderStatus.CANCELLED),
            order(4, date(2025, 1, 1), status=OrderStatus.SHIPPED),
        ]
    )
    assert [(total.status.value, total.orders, total.share) for total in summary.statuses] == [
        ("delivered", 1, 0.25),
        ("shipped", 1, 0.25),
        ("cancelled", 2, 0.5),
    ]


@given(ORDERS)
def test_every_split_adds_up_to_the_whole(orders: list[Order]) -> None:
    summary = summarise(orders)
    assert sum(total.revenue_cents for total in summary.months) == summary.revenue_cents
    assert sum(total.orders for total in summary.months) == summary.earning_orders
    assert sum(total.revenue_cents for total in summary.categories) == summary.revenue_cents
    assert sum(total.orders for total in summary.statuses) == summary.orders
    assert sum(total.share for total in summary.statuses) == pytest.approx(1 if orders else 0)
    assert len(summary.months) <= PERIOD_MONTHS
    assert len(summary.products) <= TOP_PRODUCTS


@given(ORDERS, st.randoms())
def test_the_order_in_which_orders_arrive_does_not_matter(orders: list[Order], random: Random) -> None:
    shuffled = random.sample(orders, len(orders))
    assert summarise(shuffled) == summarise(orders)
