"""Revenue by category as a ring, with the amounts beside it."""

from collections.abc import Sequence
from typing import Any

from reportlab.graphics.shapes import Drawing, Rect, Wedge  # type: ignore[import-untyped]

from ..summary import CategoryTotal
from ..wording import euros, percent
from .text import fitted, words
from .theme import PAPER, QUIET, SERIES

ROW = 24.0


def category_chart(categories: Sequence[CategoryTotal], width: float, height: float) -> Any:
    """Draw the largest category first, clockwise from twelve; what is beyond the colours is "Other"."""
    parts = _parts(categories)
    diameter = min(height, width * 0.42)
    ring = _ring(parts, radius=diameter / 2, middle=height / 2)
    return Drawing(width, height, *ring, *_amounts(parts, diameter + 18, width, height))


def _ring(parts: Sequence[CategoryTotal], radius: float, middle: float) -> list[Any]:
    shapes, start = [], 90.0
    for part, colour in zip(parts, SERIES, strict=False):
        end = start - 360 * part.share
        if part.share > 0:  # reportlab cannot draw an arc of no length
            shapes.append(
                Wedge(
                    *(radius, middle, radius, end, start),
                    radius1=radius * 0.6,
                    fillColor=colour,
                    strokeColor=PAPER,
                    strokeWidth=1.2,
                )
            )
        start = end
    return shapes


def _amounts(parts: Sequence[CategoryTotal], left: float, right: float, height: float) -> list[Any]:
    """Name the parts between `left` and `right`, the list as a whole in the middle of the height."""
    shapes = []
    pitch = min(ROW, height / max(len(parts), 1))
    top = (height + pitch * len(parts)) / 2
    for row, (part, colour) in enumerate(zip(parts, SERIES, strict=False)):
        y = top - pitch * row - 9
        shapes += [
            Rect(left, y - 0.5, 7, 7, rx=1.5, ry=1.5, fillColor=colour, strokeColor=None),
            words(left + 12, y, fitted(part.category, right - left - 46, size=8.5), size=8.5),
            words(right, y, percent(part.share), size=8.5, bold=True, anchor="end"),
            words(left + 12, y - 9, euros(part.revenue_cents), size=7, colour=QUIET),
        ]
    return shapes


def _parts(categories: Sequence[CategoryTotal]) -> list[CategoryTotal]:
    if len(categories) <= len(SERIES):
        return list(categories)
    kept, rest = categories[: len(SERIES) - 1], categories[len(SERIES) - 1 :]
    other = CategoryTotal("Other", sum(c.revenue_cents for c in rest), sum(c.share for c in rest))
    return [*kept, other]
