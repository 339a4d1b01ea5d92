"""The finished PDF: pages in order, each with its foot."""

from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Any

from reportlab.graphics import renderPDF  # type: ignore[import-untyped]
from reportlab.pdfgen.canvas import Canvas  # type: ignore[import-untyped]

from ..orders import Customer
from ..summary import Summary
from .blank_page import blank_page
from .charts import Charts
from .details_page import details_page
from .frame import foot
from .overview_page import overview_page
from .theme import BRAND, PAGE_HEIGHT, PAGE_WIDTH


@dataclass(frozen=True, slots=True)
class Document:
    """A PDF file and how many pages it has."""

    content: bytes
    pages: int


def compose(customer: Customer, summary: Summary, charts: Charts, version: str) -> Document:
    """Print a customer's pages."""
    if summary.orders:
        pages = [overview_page(customer, summary, charts), details_page(customer, summary)]
    else:
        pages = [blank_page(customer, summary)]
    return printed(pages, f"Order report: {customer.company}", version)


def printed(pages: Sequence[Any], title: str, version: str) -> Document:
    """Print pages. The same arguments give the same bytes: no date or random id is written."""
    file = BytesIO()
    canvas = Canvas(file, pagesize=(PAGE_WIDTH, PAGE_HEIGHT), invariant=1, pageCompression=1, lang="en")
    canvas.setTitle(title)
    canvas.setAuthor(BRAND)
    canvas.setSubject(f"Report version {version}")
    for number, page in enumerate(pages, start=1):
        page.add(foot(version, number, len(pages)))
        renderPDF.draw(page, canvas, 0, 0)
        canvas.showPage()
    canvas.save()
    return Document(file.getvalue(), len(pages))
