"""The band at the head of the first page: what this is, about whom, and for which months."""

from typing import Any

from reportlab.graphics.shapes import Group, Rect  # type: ignore[import-untyped]

from ..orders import Customer
from ..summary import Summary
from ..wording import month_and_year
from .text import fitted, words
from .theme import BRAND, DEEP, MARGIN, ON_DEEP, PAGE_HEIGHT, PAGE_WIDTH, PAPER, WARM, WIDTH

BAND = 140.0


def title_band(customer: Customer, summary: Summary) -> Any:
    bottom = PAGE_HEIGHT - BAND
    right = PAGE_WIDTH - MARGIN
    company = fitted(customer.company, WIDTH * 0.6, size=15, bold=True)
    return Group(
        Rect(0, bottom, PAGE_WIDTH, BAND, fillColor=DEEP, strokeColor=None),
        Rect(MARGIN, bottom + 106, 22, 3, fillColor=WARM, strokeColor=None),
        words(MARGIN + 30, bottom + 104.5, BRAND, size=9, colour=ON_DEEP, bold=True),
        words(MARGIN, bottom + 64, "Order report", size=29, colour=PAPER, bold=True),
        words(MARGIN, bottom + 35, company, size=15, colour=PAPER, bold=True),
        words(MARGIN, bottom + 19, f"{customer.contact}, {customer.city}", size=9.5, colour=ON_DEEP),
        words(right, bottom + 50, "Period", size=8, colour=ON_DEEP, anchor="end"),
        words(right, bottom + 35, _period(summary), size=11, colour=PAPER, bold=True, anchor="end"),
        words(right, bottom + 19, f"User {customer.id}", size=9.5, colour=ON_DEEP, anchor="end"),
    )


def _period(summary: Summary) -> str:
    if not summary.months:
        return "No orders yet"
    first, last = month_and_year(summary.months[0].month), month_and_year(summary.months[-1].month)
    return last if first == last else f"{first} – {last}"
