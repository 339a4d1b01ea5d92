"""The only page of a user who has not ordered anything."""

from typing import Any

from reportlab.graphics.shapes import Drawing  # type: ignore[import-untyped]

from ..orders import Customer
from ..summary import Summary
from .frame import heading
from .text import words
from .theme import MARGIN, PAGE_HEIGHT, PAGE_WIDTH, QUIET
from .title import title_band


def blank_page(customer: Customer, summary: Summary) -> Any:
    return Drawing(
        PAGE_WIDTH,
        PAGE_HEIGHT,
        title_band(customer, summary),
        heading(MARGIN, 640, "Nothing to add up yet"),
        words(MARGIN, 620, "The figures appear here with the first order.", size=10, colour=QUIET),
    )
