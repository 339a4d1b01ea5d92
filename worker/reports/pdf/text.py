"""Words in a drawing."""

from typing import Any, Literal

from reportlab.graphics.shapes import String  # type: ignore[import-untyped]
from reportlab.pdfbase.pdfmetrics import stringWidth  # type: ignore[import-untyped]

from .theme import BOLD, INK, REGULAR

Anchor = Literal["start", "middle", "end"]


def words(
    x: float,
    y: float,
    text: str,
    *,
    size: float = 8.0,
    colour: Any = INK,
    bold: bool = False,
    anchor: Anchor = "start",
) -> Any:
    """Return a line of text whose baseline stands on `y`."""
    font = BOLD if bold else REGULAR
    return String(x, y, text, fontName=font, fontSize=size, fillColor=colour, textAnchor=anchor)


def text_width(text: str, *, size: float = 8.0, bold: bool = False) -> float:
    return float(stringWidth(text, BOLD if bold else REGULAR, size))


def fitted(text: str, width: float, *, size: float = 8.0, bold: bool = False) -> str:
    """Return the text, cut with an ellipsis where it is wider than `width`."""
    cuts = (text, *(f"{text[:end].rstrip()}…" for end in range(len(text) - 1, 0, -1)))
    return next((cut for cut in cuts if text_width(cut, size=size, bold=bold) <= width), "…")
