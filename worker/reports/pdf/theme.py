"""Colours, type and measures of a report, in PostScript points (1/72 inch)."""

from reportlab.lib.colors import HexColor  # type: ignore[import-untyped]
from reportlab.lib.pagesizes import A4  # type: ignore[import-untyped]

BRAND = "Kestrel Coffee Supply"

PAGE_WIDTH, PAGE_HEIGHT = A4
MARGIN = 44.0
WIDTH = PAGE_WIDTH - 2 * MARGIN
GUTTER = 24.0

# Two of the fonts that every PDF viewer has: nothing to download, nothing to embed.
REGULAR = "Helvetica"
BOLD = "Helvetica-Bold"

INK = HexColor("#1d2b2a")
QUIET = HexColor("#6b7a78")
RULE = HexColor("#dfe5e2")
PAPER = HexColor("#ffffff")
TINT = HexColor("#f3f6f4")
DEEP = HexColor("#12423c")
ON_DEEP = HexColor("#a9cdc2")
ACCENT = HexColor("#1f8a70")
ACCENT_PALE = HexColor("#b5d8cd")
WARM = HexColor("#e07a3f")

# Told apart also in grey and by those who confuse red and green: they differ in lightness.
SERIES = (
    *(HexColor("#12423c"), HexColor("#1f8a70"), HexColor("#7cc3ad"), HexColor("#e8b04b")),
    *(HexColor("#e07a3f"), HexColor("#a9b7b3"), HexColor("#5d6f8a")),
)
