"""Figures as people write them."""

from datetime import date

import pytest

from worker.reports.wording import counted, euros, month_and_year, percent, short_euros, signed_percent


@pytest.mark.parametrize(
    ("cents", "text"), [(0, "€0.00"), (5, "€0.05"), (123_456, "€1,234.56"), (-250, "-€2.50")]
)
def test_euros(cents: int, text: str) -> None:
    assert euros(cents) == text


@pytest.mark.parametrize(
    ("cents", "text"),
    [
        (0, "€0"),
        (45_000, "€450"),
        (100_000, "€1k"),
        (150_000, "€1.5k"),
        (250_000_000, "€2,500k"),
        (40, "€0.4"),
    ],
)
def test_short_euros(cents: int, text: str) -> None:
    assert short_euros(cents) == text


def test_shares_and_changes() -> None:
    assert percent(0.1234) == "12.3%"
    assert signed_percent(0.05) == "+5.0%"
    assert signed_percent(-0.05) == "-5.0%"


def test_days() -> None:
    assert month_and_year(date(2025, 2, 3)) == "February 2025"


def test_counting() -> None:
    assert [counted(number, "order") for number in (0, 1, 1200)] == ["0 orders", "1 order", "1,200 orders"]
