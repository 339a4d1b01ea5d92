"""Revenue month by month as bars, with the trend as a line."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from reportlab.graphics.shapes import Circle, Drawing, Line, PolyLine, Rect  # type: ignore[import-untyped]

from ..summary import TREND_MONTHS, MonthTotal
from ..wording import MONTHS, short_euros
from .scale import axis_ticks
from .text import text_width, words
from .theme import ACCENT, ACCENT_PALE, INK, PAPER, QUIET, RULE, WARM

LEFT = 36.0  # room for the amounts
BOTTOM = 30.0  # room for months and years
TOP = 20.0  # room for the legend
WIDEST_BAR = 26.0
RECENT = 12


@dataclass(frozen=True, slots=True)
class Plot:
    """Where a month and an amount are in the drawing."""

    months: Sequence[MonthTotal]
    ticks: Sequence[float]  # euros
    width: float
    height: float

    @property
    def slot(self) -> float:
        """The width that a month has."""
        return (self.width - LEFT) / max(len(self.months), 1)

    def x(self, index: float) -> float:
        return LEFT + index * self.slot

    def y(self, cents: float) -> float:
        return BOTTOM + cents / 100 / self.ticks[-1] * (self.height - BOTTOM - TOP)


def monthly_chart(months: Sequence[MonthTotal], width: float, height: float) -> Any:
    """Draw up to 24 months; the last twelve stand out from those before."""
    ticks = axis_ticks(max((month.revenue_cents / 100 for month in months), default=0))
    plot = Plot(months, ticks, width, height)
    shapes = [*_axis(plot), *_bars(plot), *_month_names(plot), *_years(plot), *_trend(plot), *_legend(plot)]
    return Drawing(width, height, *shapes)


def _axis(plot: Plot) -> list[Any]:
    shapes = []
    for tick in plot.ticks:
        y, label = plot.y(tick * 100), short_euros(round(tick * 100))
        shapes.append(Line(LEFT, y, plot.width, y, strokeColor=RULE, strokeWidth=0.5))
        shapes.append(words(LEFT - 6, y - 2.5, label, size=7, colour=QUIET, anchor="end"))
    return shapes


def _bars(plot: Plot) -> list[Any]:
    bar = min(plot.slot * 0.64, WIDEST_BAR)
    first_recent = len(plot.months) - RECENT
    return [
        Rect(
            *(plot.x(index + 0.5) - bar / 2, BOTTOM, bar, plot.y(month.revenue_cents) - BOTTOM),
            fillColor=ACCENT if index >= first_recent else ACCENT_PALE,
            strokeColor=None,
        )
        for index, month in enumerate(plot.months)
    ]


def _month_names(plot: Plot) -> list[Any]:
    letters = 3 if plot.slot > 24 else 1
    names = (MONTHS[month.month.month - 1][:letters] for month in plot.months)
    return [
        words(plot.x(index + 0.5), BOTTOM - 11, name, size=7, colour=QUIET, anchor="middle")
        for index, name in enumerate(names)
    ]


def _years(plot: Plot) -> list[Any]:
    """Write each year once, under the middle of its months."""
    years = [month.month.year for month in plot.months]
    shapes = []
    for year in sorted(set(years)):
        first, number = years.index(year), years.count(year)
        left, right = plot.x(first) + 2, plot.x(first + number) - 2
        shapes.append(Line(left, BOTTOM - 16, right, BOTTOM - 16, strokeColor=RULE, strokeWidth=0.75))
        shapes.append(words((left + right) / 2, BOTTOM - 27, str(year), bold=True, anchor="middle"))
    return shapes


def _trend(plot: Plot) -> list[Any]:
    points = [(plot.x(index + 0.5), plot.y(month.trend_cents)) for index, month in enumerate(plot.months)]
    if len(points) < 2:
        return []
    style = {"strokeLineJoin": 1, "strokeLineCap": 1}
    return [
        # First a light edge, so that the line stays readable over the bars.
        PolyLine(points, strokeColor=PAPER, strokeWidth=3.2, **style),
        PolyLine(points, strokeColor=WARM, strokeWidth=1.6, **style),
        Circle(*points[-1], 2.6, fillColor=WARM, strokeColor=PAPER, strokeWidth=1),
    ]


def _legend(plot: Plot) -> list[Any]:
    """Name the colours, from the right edge leftwards."""
    marks: list[tuple[Any, float, str]] = [(WARM, 2, f"{TREND_MONTHS}-month average")]
    if len(plot.months) > RECENT:
        marks += [(ACCENT, 7, "Last 12 months"), (ACCENT_PALE, 7, "Months before")]
    shapes, right, y = [], plot.width, plot.height - 8
    for colour, thickness, label in marks:
        shapes.append(words(right, y, label, size=7.5, colour=INK, anchor="end"))
        left = right - text_width(label, size=7.5) - 14
        shapes.append(Rect(left, y + 2.6 - thickness / 2, 9, thickness, fillColor=colour, strokeColor=None))
        right = left - 14
    return shapes
