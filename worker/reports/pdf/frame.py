"""What the pages share: section headings, places for drawings, and the foot of the page."""

from typing import Any

from reportlab.graphics.shapes import Group, Line  # type: ignore[import-untyped]

from .text import words
from .theme import BRAND, MARGIN, PAGE_WIDTH, QUIET, RULE

FOOT = 34.0


def placed(drawing: Any, x: float, y: float) -> Any:
    """Return the drawing moved so that its lower left corner is at `(x, y)`."""
    return Group(*drawing.contents, transform=(1, 0, 0, 1, x, y))


def heading(x: float, y: float, title: str) -> Any:
    return words(x, y, title, size=12, bold=True)


def foot(version: str, page: int, pages: int) -> Any:
    """The last line of every page."""
    right = PAGE_WIDTH - MARGIN
    return Group(
        Line(MARGIN, FOOT + 13, right, FOOT + 13, strokeColor=RULE, strokeWidth=0.75),
        words(MARGIN, FOOT, BRAND, size=7.5, colour=QUIET, bold=True),
        words(PAGE_WIDTH / 2, FOOT, f"Report version {version}", size=7.5, colour=QUIET, anchor="middle"),
        words(right, FOOT, f"Page {page} of {pages}", size=7.5, colour=QUIET, anchor="end"),
    )
