"""The first page: who, when, the key figures and the charts."""

from typing import Any

from reportlab.graphics.shapes import Drawing  # type: ignore[import-untyped]

from ..orders import Customer
from ..summary import Summary
from .charts import HALF, Charts
from .frame import heading, placed
from .highlights import highlights
from .key_figures import key_figures
from .theme import GUTTER, MARGIN, PAGE_HEIGHT, PAGE_WIDTH
from .title import title_band


def overview_page(customer: Customer, summary: Summary, charts: Charts) -> Any:
    right_half = MARGIN + HALF + GUTTER
    return Drawing(
        PAGE_WIDTH,
        PAGE_HEIGHT,
        title_band(customer, summary),
        key_figures(summary, top=678),
        heading(MARGIN, 578, "Revenue by month"),
        placed(charts.monthly, MARGIN, 356),
        heading(MARGIN, 320, "Revenue by category"),
        placed(charts.categories, MARGIN, 172),
        heading(right_half, 320, "Orders by status"),
        placed(charts.statuses, right_half, 172),
        highlights(summary, top=136),
    )
