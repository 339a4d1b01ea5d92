"""Three sentences' worth of the report: the best month, the best seller, the last twelve months."""

from typing import Any

from reportlab.graphics.shapes import Group, Line  # type: ignore[import-untyped]

from ..summary import Summary
from ..wording import euros, month_and_year, percent
from .text import fitted, words
from .theme import MARGIN, QUIET, RULE, WARM, WIDTH


def highlights(summary: Summary, top: float) -> Any:
    """Draw three columns downwards from `top`; nothing where nothing was earned."""
    group = Group()
    if not summary.products:
        return group
    best = max(summary.months, key=lambda month: month.revenue_cents)
    seller = summary.products[0]
    recent = summary.months[-12:]
    columns = (
        ("Best month", month_and_year(best.month), f"{euros(best.revenue_cents)} in revenue"),
        ("Best seller", seller.product, f"{percent(seller.share)} of revenue, {seller.quantity:,} sold"),
        (
            "Last 12 months",
            euros(sum(month.revenue_cents for month in recent)),
            f"from {sum(month.orders for month in recent):,} orders",
        ),
    )
    width = WIDTH / len(columns)
    for number, (label, fact, note) in enumerate(columns):
        x = MARGIN + number * width
        group.add(Line(x, top, x + width - 18, top, strokeColor=RULE, strokeWidth=0.75))
        group.add(Line(x, top, x + 22, top, strokeColor=WARM, strokeWidth=2))
        group.add(words(x, top - 18, label, size=8.5, colour=QUIET))
        group.add(words(x, top - 34, fitted(fact, width - 18, size=11, bold=True), size=11, bold=True))
        group.add(words(x, top - 48, note, size=8, colour=QUIET))
    return group
