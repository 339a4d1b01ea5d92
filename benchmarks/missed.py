"""The promises that were not kept, each beside what the loop in C had needed of the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .peers import LIMIT
from .report import Figure, markdown_table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

HEADINGS = ("case", "beside", "ours", "promised", "the loop in C")

NOTHING = "None: every promise was kept."


def missed(figures: Sequence[Figure]) -> str:
    """A table in Markdown: what ours was, what we promise, and what is the least that the system allows.

    The last column is what the loop in C was in our place, where it took part. A promise below that
    cannot be kept by anybody.
    """
    rows = list(_rows(figures))
    return markdown_table([HEADINGS, *rows]) if rows else NOTHING


def _rows(figures: Sequence[Figure]) -> Iterator[tuple[str, ...]]:
    limits = {figure.case: figure.value for figure in figures if figure.subject == LIMIT.name}
    for figure in figures:
        least = limits.get(figure.case)
        if not figure.broken:
            continue
        if figure.target is not None:
            ours = f"{figure.ratio:.2f}" if figure.ratio is not None else "–"
            floor = f"{least / figure.value:.2f}" if least is not None else ""
            yield figure.case, figure.subject, ours, f"≤ {figure.target:g}", floor
        else:
            ours, promise = f"{figure.value:.1f} {figure.unit}", f"≤ {figure.limit:g} {figure.unit}"
            yield figure.case, "", ours, promise, f"{least:.1f} {figure.unit}" if least is not None else ""
