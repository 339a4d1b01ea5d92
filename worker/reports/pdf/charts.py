"""The charts of a report, drawn from its figures and not yet on any page."""

from dataclasses import dataclass
from typing import Any

from ..summary import Summary
from .category_chart import category_chart
from .monthly_chart import monthly_chart
from .status_chart import status_chart
from .theme import GUTTER, WIDTH

HALF = (WIDTH - GUTTER) / 2
MONTHLY_HEIGHT = 210.0
SPLIT_HEIGHT = 128.0


@dataclass(frozen=True, slots=True)
class Charts:
    """Reportlab drawings, each as large as its place on the page."""

    monthly: Any
    categories: Any
    statuses: Any


def draw_charts(summary: Summary) -> Charts:
    return Charts(
        monthly=monthly_chart(summary.months, WIDTH, MONTHLY_HEIGHT),
        categories=category_chart(summary.categories, HALF, SPLIT_HEIGHT),
        statuses=status_chart(summary.statuses, HALF, SPLIT_HEIGHT),
    )
