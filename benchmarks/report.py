"""Figures as a table for people and as JSON for programs."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from . import machine

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One measured cost of one subject.

    ``value`` is a median in ``unit``; it drifts from machine to machine. ``ratio`` (to the peer named
    in the benchmark) is what counts, and ``target`` what we promise it to be at the most.
    ``to_leanest`` is the ratio to the cheapest peer, where there are several: told, and not promised.
    """

    case: str
    subject: str
    value: float
    unit: str
    ratio: float | None = None
    to_leanest: float | None = None
    target: float | None = None
    ours: bool = False
    fault: str = ""
    remark: str = ""

    @property
    def failed(self) -> bool:
        """Whether the subject did its work wrong, or costs more than we promised."""
        return bool(self.fault) or (
            self.target is not None and (self.ratio is None or self.ratio > self.target)
        )

    def cells(self) -> tuple[str, ...]:
        """The line of the table."""
        return (
            self.case,
            self.subject,
            f"{self.value:.1f} {self.unit}",
            _two_places(self.ratio),
            _two_places(self.to_leanest),
            "" if self.target is None else f"≤ {self.target:.2f}",
            "FAIL" if self.failed else "ok",
            ", ".join(filter(None, (self.fault, self.remark))),
        )


HEADINGS = ("case", "subject", "cost", "ratio", "to leanest", "target", "", "")


def _two_places(ratio: float | None) -> str:
    return "" if ratio is None else f"{ratio:.2f}"


def table(figures: Sequence[Figure]) -> str:
    """All figures, one line each; a case is named once, and a column that nobody fills is left out."""
    lines: list[tuple[str, ...]] = [HEADINGS]
    for previous, figure in zip((None, *figures), figures, strict=False):
        case, *others = figure.cells()
        lines.append(("" if previous and previous.case == case else case, *others))
    columns = [column for column in zip(*lines, strict=True) if any(column[1:])]
    widths = [max(map(len, column)) for column in columns]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in zip(*columns, strict=True)
    )


def promises_kept(figures: Sequence[Figure]) -> bool:
    """Whether none of ours failed; a peer that fails is shown, and no more."""
    return not any(figure.failed for figure in figures if figure.ours)


def write_json(file: Path, benchmark: str, figures: Sequence[Figure]) -> None:
    """Keep the figures with the machine that they were measured on."""
    document = {
        "benchmark": benchmark,
        "kept": promises_kept(figures),
        "machine": machine.description(),
        "figures": [asdict(figure) | {"failed": figure.failed} for figure in figures],
    }
    file.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
