"""The printed page of a year's report: its months as a chart and a table, and what is bought together."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from reportlab.graphics.shapes import Drawing, Rect  # type: ignore[import-untyped]

from ..reports.pdf.frame import heading, placed
from ..reports.pdf.monthly_chart import monthly_chart
from ..reports.pdf.table import ROW, Column, table
from ..reports.pdf.text import words
from ..reports.pdf.theme import BRAND, DEEP, MARGIN, ON_DEEP, PAGE_HEIGHT, PAGE_WIDTH, PAPER, WIDTH
from ..reports.summary import TREND_MONTHS, MonthTotal
from ..reports.wording import MONTHS, euros

if TYPE_CHECKING:
    from .findings import Findings

BAND = 110.0
CHART = 170.0
MONTH_COLUMNS = (
    Column("Month", 110),
    Column("Receipts", 80, "end"),
    Column("Revenue", 120, "end"),
    Column("Average receipt", 90, "end"),
    Column("at 95 % between", WIDTH - 400, "end", quiet=True),
)
PAIR_COLUMNS = (
    Column("Product", 170),
    Column("bought with", 170),
    Column("Receipts", 70, "end"),
    Column("× by chance", WIDTH - 410, "end"),
)


def year_page(findings: Findings) -> Any:
    """Lay it out from the top down."""
    top = PAGE_HEIGHT - BAND
    months = top - 44 - CHART - 30
    pairs = months - 12 - ROW * (len(findings.months) + 1) - 34
    right = PAGE_WIDTH - MARGIN
    return Drawing(
        PAGE_WIDTH,
        PAGE_HEIGHT,
        Rect(0, top, PAGE_WIDTH, BAND, fillColor=DEEP, strokeColor=None),
        words(MARGIN, top + 72, BRAND, size=9, colour=ON_DEEP, bold=True),
        words(MARGIN, top + 32, f"The year {findings.year}", size=29, colour=PAPER, bold=True),
        words(right, top + 40, euros(findings.revenue_cents), size=15, colour=PAPER, bold=True, anchor="end"),
        words(right, top + 24, f"{findings.receipts:,} receipts", size=9.5, colour=ON_DEEP, anchor="end"),
        heading(MARGIN, top - 30, "Revenue by month"),
        placed(monthly_chart(_totals(findings), WIDTH, CHART), MARGIN, top - 44 - CHART),
        heading(MARGIN, months, "Month by month"),
        table(MARGIN, months - 12, MONTH_COLUMNS, _month_rows(findings)),
        heading(MARGIN, pairs, "Bought together"),
        table(MARGIN, pairs - 12, PAIR_COLUMNS, _pair_rows(findings)),
    )


def _totals(findings: Findings) -> list[MonthTotal]:
    amounts = [found.revenue_cents for found in findings.months]
    windows = [amounts[max(0, end - TREND_MONTHS) : end] for end in range(1, len(amounts) + 1)]
    return [
        MonthTotal(
            date(findings.year, found.month, 1),
            found.receipts,
            found.revenue_cents,
            round(sum(window) / len(window)),
        )
        for found, window in zip(findings.months, windows, strict=True)
    ]


def _month_rows(findings: Findings) -> list[tuple[str, ...]]:
    return [
        (
            MONTHS[found.month - 1],
            f"{found.receipts:,}",
            euros(found.revenue_cents),
            euros(round(found.average.middle)),
            f"{euros(round(found.average.low))} and {euros(round(found.average.high))}",
        )
        for found in findings.months
    ]


def _pair_rows(findings: Findings) -> list[tuple[str, ...]]:
    return [(pair.first, pair.second, f"{pair.receipts:,}", f"{pair.lift:.1f}") for pair in findings.together]
