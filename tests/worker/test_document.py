"""The PDF says what the figures say."""

from datetime import date
from io import BytesIO

import pytest
from pypdf import PdfReader

from worker.reports.orders import Customer, OrderHistory, OrderStatus
from worker.reports.pdf.charts import draw_charts
from worker.reports.pdf.document import Document, compose
from worker.reports.summary import summarise

from .histories import history, line, order

SMALL = history(
    order(1, date(2024, 11, 5), line("Sencha", "Tea", 2, 2150)),
    order(2, date(2025, 1, 9), line("House espresso", "Coffee", 40, 2190), line("Sencha", "Tea", 1, 2200)),
    order(3, date(2025, 1, 20), line("Kettle", "Equipment", 1, 11900), status=OrderStatus.REFUNDED),
)


def printed(of: OrderHistory) -> Document:
    summary = summarise(of.orders)
    return compose(of.customer, summary, draw_charts(summary), "0123456789ab")


def texts(document: Document) -> list[str]:
    return [page.extract_text() for page in PdfReader(BytesIO(document.content)).pages]


def test_the_pages_carry_the_figures() -> None:
    overview, details = texts(printed(SMALL))
    for expected in (
        *("Order report", "Corner Café", "Zoë O’Brien, Zürich", "User 7", "November 2024 – January 2025"),
        *("€941.00", "€470.50", "2 count as revenue", "less than two years to compare"),
        *("Coffee", "93.1%", "€876.00", "Delivered", "Refunded", "33.3%"),
        *("Best month", "January 2025", "Best seller", "House espresso"),
        *("Report version 0123456789ab", "Page 1 of 2"),
    ):
        assert expected in overview
    for expected in ("Top 2 products", "Sencha", "€65.00", "6.9%", "December 2024", "€898.00", "Page 2 of 2"):
        assert expected in details
    assert "Kettle" not in details


def test_the_same_data_gives_the_same_bytes() -> None:
    assert printed(SMALL).content == printed(SMALL).content


def test_the_file_names_itself() -> None:
    reader = PdfReader(BytesIO(printed(SMALL).content))
    assert reader.metadata is not None
    assert reader.metadata.title == "Order report: Corner Café"
    assert reader.metadata.subject == "Report version 0123456789ab"


def test_without_orders_there_is_one_honest_page() -> None:
    document = printed(history())
    assert document.pages == 1
    assert "Nothing to add up yet" in texts(document)[0]


DAY = date(2025, 1, 1)
UNUSUAL = {
    "one order": history(order(1, DAY)),
    "nothing earned": history(order(1, DAY, status=OrderStatus.CANCELLED)),
    "given away": history(order(1, DAY, line(unit_price_cents=0))),
    "many categories": history(order(1, DAY, *(line(f"P{n}", f"C{n}") for n in range(30)))),
    "long names": history(order(1, DAY, line("Long " * 40)), customer=Customer(1, "Very " * 60, "", "")),
    "other letters": history(order(1, DAY), customer=Customer(1, "東京 ☕ <b>&", "Łukasz", "Kraków")),
}


@pytest.mark.parametrize("of", UNUSUAL.values(), ids=UNUSUAL.keys())
def test_unusual_histories_are_printed_too(of: OrderHistory) -> None:
    document = printed(of)
    assert document.pages == len(texts(document)) == 2


def test_categories_beyond_the_colours_are_put_together() -> None:
    assert "Other" in texts(printed(UNUSUAL["many categories"]))[0]
