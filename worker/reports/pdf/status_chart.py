"""Where the orders stand: one bar for all of them, split by status."""

from collections.abc import Sequence
from typing import Any

from reportlab.graphics.shapes import Drawing, Rect  # type: ignore[import-untyped]

from ..orders import OrderStatus
from ..summary import StatusTotal
from ..wording import percent
from .text import words
from .theme import INK, QUIET, SERIES

BAR = 14.0
ROW = 18.0
COLOURS = dict(zip(OrderStatus, SERIES, strict=False))


def status_chart(statuses: Sequence[StatusTotal], width: float, height: float) -> Any:
    """Draw the statuses in their own order, so that two reports can be laid side by side."""
    drawing = Drawing(width, height)
    x = 0.0
    for total in statuses:
        length = width * total.share
        # A gap between parts, but never so wide that a small part vanishes.
        drawn = max(length - 1.5, min(length, 1.5))
        drawing.add(Rect(x, height - BAR, drawn, BAR, fillColor=COLOURS[total.status], strokeColor=None))
        x += length
    for row, total in enumerate(statuses):
        y = height - BAR - 20 - ROW * row
        colour = COLOURS[total.status]
        drawing.add(Rect(0, y - 0.5, 7, 7, rx=1.5, ry=1.5, fillColor=colour, strokeColor=None))
        drawing.add(words(12, y, total.status.value.capitalize(), size=8.5, colour=INK))
        drawing.add(words(width - 44, y, f"{total.orders:,}", size=8.5, bold=True, anchor="end"))
        drawing.add(words(width, y, percent(total.share), size=8.5, colour=QUIET, anchor="end"))
    return drawing
