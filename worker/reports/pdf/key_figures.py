"""The four figures one wants to know first, each in its own card."""

from typing import Any

from reportlab.graphics.shapes import Group, Rect  # type: ignore[import-untyped]

from ..summary import Summary
from ..wording import euros, signed_percent
from .text import words
from .theme import ACCENT, MARGIN, QUIET, TINT, WIDTH

GAP = 12.0
HEIGHT = 68.0


def key_figures(summary: Summary, top: float) -> Any:
    """Draw the cards side by side, downwards from `top`."""
    cards = (
        ("Revenue", euros(summary.revenue_cents), _growth(summary)),
        ("Orders", f"{summary.orders:,}", f"{summary.earning_orders:,} count as revenue"),
        ("Average order", euros(summary.average_order_cents), "without refunds, cancellations"),
        ("Items", f"{summary.items:,}", f"{_per_order(summary):.1f} per counted order"),
    )
    width = (WIDTH - GAP * (len(cards) - 1)) / len(cards)
    group = Group()
    for number, (label, figure, note) in enumerate(cards):
        x, bottom = MARGIN + number * (width + GAP), top - HEIGHT
        group.add(Rect(x, bottom, width, HEIGHT, fillColor=TINT, strokeColor=None))
        group.add(Rect(x, bottom, 2.5, HEIGHT, fillColor=ACCENT, strokeColor=None))
        group.add(words(x + 12, top - 18, label, size=8.5, colour=QUIET))
        group.add(words(x + 12, top - 41, figure, size=17, bold=True))
        group.add(words(x + 12, top - 57, note, size=7, colour=QUIET))
    return group


def _per_order(summary: Summary) -> float:
    return summary.items / summary.earning_orders if summary.earning_orders else 0.0


def _growth(summary: Summary) -> str:
    if summary.growth is None:
        return "less than two years to compare"
    return f"{signed_percent(summary.growth)} in the last 12 months"
