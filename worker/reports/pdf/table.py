"""A ruled table: a line of headings, then rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from reportlab.graphics.shapes import Group, Line, Rect  # type: ignore[import-untyped]

from .text import Anchor, fitted, words
from .theme import INK, QUIET, RULE, TINT

ROW = 19.5
PADDING = 6.0


@dataclass(frozen=True, slots=True)
class Column:
    """A heading, a width in points, and the side on which the text stands."""

    heading: str
    width: float
    anchor: Anchor = "start"
    quiet: bool = False


def table(x: float, top: float, columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> Any:
    """Draw downwards from `top`; the first column is bold, text that is too wide is cut."""
    group = Group()
    width = sum(column.width for column in columns)
    for number, row in enumerate(rows):
        bottom = top - ROW * (number + 2)
        if number % 2 == 0:
            group.add(Rect(x, bottom, width, ROW, fillColor=TINT, strokeColor=None))
        for column, left, cell in zip(columns, _lefts(x, columns), row, strict=True):
            colour = QUIET if column.quiet else INK
            group.add(_cell(column, left, bottom, cell, colour, bold=column is columns[0]))
    for column, left in zip(columns, _lefts(x, columns), strict=True):
        group.add(_cell(column, left, top - ROW, column.heading, QUIET))
    group.add(Line(x, top - ROW, x + width, top - ROW, strokeColor=INK, strokeWidth=0.8))
    bottom = top - ROW * (len(rows) + 1)
    group.add(Line(x, bottom, x + width, bottom, strokeColor=RULE, strokeWidth=0.8))
    return group


def _lefts(x: float, columns: Sequence[Column]) -> list[float]:
    return [x + sum(column.width for column in columns[:number]) for number in range(len(columns))]


def _cell(column: Column, left: float, bottom: float, text: str, colour: Any, *, bold: bool = False) -> Any:
    inner = column.width - 2 * PADDING
    x = left + PADDING + (inner if column.anchor == "end" else 0)
    cut = fitted(text, inner, size=8, bold=bold)
    return words(x, bottom + 6.5, cut, size=8, colour=colour, bold=bold, anchor=column.anchor)
