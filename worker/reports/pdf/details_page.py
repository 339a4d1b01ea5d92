"""The second page: the figures behind the charts, as tables."""

from typing import Any

from reportlab.graphics.shapes import Drawing, Rect  # type: ignore[import-untyped]

from ..orders import Customer
from ..summary import MonthTotal, Summary
from ..wording import euros, month_and_year, percent
from .charts import HALF
from .frame import heading
from .table import ROW, Column, table
from .text import words
from .theme import ACCENT_PALE, DEEP, GUTTER, MARGIN, PAGE_HEIGHT, PAGE_WIDTH, QUIET, WIDTH

PRODUCT_COLUMNS = (
    Column("Product", 172),
    Column("Category", 94, quiet=True),
    Column("Quantity", 58, "end"),
    Column("Revenue", 78, "end"),
    Column("Share", WIDTH - 402, "end"),
)
MONTH_COLUMNS = (Column("Month", 110), Column("Orders", 50, "end"), Column("Revenue", HALF - 160, "end"))


def details_page(customer: Customer, summary: Summary) -> Any:
    """Lay out the top products, then the months: up to twelve in each of two columns."""
    top = PAGE_HEIGHT - 64
    page = Drawing(
        PAGE_WIDTH,
        PAGE_HEIGHT,
        Rect(0, PAGE_HEIGHT - 10, PAGE_WIDTH, 10, fillColor=DEEP, strokeColor=None),
        words(PAGE_WIDTH - MARGIN, top, customer.company, size=8.5, colour=QUIET, anchor="end"),
        heading(MARGIN, top, f"Top {len(summary.products)} products"),
        table(MARGIN, top - 12, PRODUCT_COLUMNS, _product_rows(summary)),
        *_share_bars(summary, top - 12),
    )
    below = top - 12 - ROW * (len(summary.products) + 1) - 44
    page.add(heading(MARGIN, below, "Month by month"))
    for number in range(0, len(summary.months), 12):
        x = MARGIN + number // 12 * (HALF + GUTTER)
        page.add(table(x, below - 12, MONTH_COLUMNS, _month_rows(summary.months[number : number + 12])))
    return page


def _share_bars(summary: Summary, top: float) -> list[Any]:
    """One bar per product in the last column, the best seller's as long as the room before its number."""
    left = MARGIN + sum(column.width for column in PRODUCT_COLUMNS[:-1]) + 8
    longest = PRODUCT_COLUMNS[-1].width - 50
    largest = max((total.share for total in summary.products), default=0) or 1.0
    return [
        Rect(
            *(left, top - ROW * (row + 2) + 6, longest * total.share / largest, 7),
            fillColor=ACCENT_PALE,
            strokeColor=None,
        )
        for row, total in enumerate(summary.products)
    ]


def _product_rows(summary: Summary) -> list[tuple[str, ...]]:
    return [
        (
            total.product,
            total.category,
            f"{total.quantity:,}",
            euros(total.revenue_cents),
            percent(total.share),
        )
        for total in summary.products
    ]


def _month_rows(months: tuple[MonthTotal, ...]) -> list[tuple[str, ...]]:
    return [
        (month_and_year(total.month), f"{total.orders:,}", euros(total.revenue_cents)) for total in months
    ]
