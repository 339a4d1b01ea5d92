"""Figures as a table for people and as JSON for programs."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from math import isnan, nan
from statistics import median
from typing import TYPE_CHECKING, Any, Self

from . import machine
from .percentile import percentile
from .ratio import median_ratio

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One measured cost of one subject.

    ``value`` is a median in ``unit``, ``low`` and ``high`` the best and the worst round; they drift from
    machine to machine. ``ratio`` is what counts: how much ours costs, as a part of what this subject does.
    ``target`` is what we promise that ratio to be at the most, ``limit`` the same for the value itself.
    ``p50`` and ``p99`` are latencies in milliseconds, ``redis`` microseconds of CPU time that Redis took
    per event. ``conditions``: what the case name says, for programs.
    """

    case: str
    subject: str
    value: float
    unit: str
    low: float | None = None
    high: float | None = None
    ratio: float | None = None
    target: float | None = None
    limit: float | None = None
    p50: float | None = None
    p99: float | None = None
    redis: float | None = None
    conditions: Mapping[str, str | int] = field(default_factory=dict)
    ours: bool = False
    fault: str = ""
    remark: str = ""

    @classmethod
    def of_rounds(
        cls,
        *,
        rounds: Sequence[float],
        scale: float,
        ours_in_them: Sequence[float],
        latencies: Sequence[float] = (),
        **others: Any,
    ) -> Self:
        """The figure of one subject, from its rounds and from what ours cost in each of the same rounds.

        ``scale``: units in one of what the rounds count; ``latencies`` in seconds.
        """
        finished = [cost for cost in rounds if not isnan(cost)] or [nan]
        return cls(
            value=median(finished) * scale,
            low=min(finished) * scale,
            high=max(finished) * scale,
            ratio=median_ratio(ours_in_them, rounds),
            p50=percentile(latencies, 50) * 1e3 if latencies else None,
            p99=percentile(latencies, 99) * 1e3 if latencies else None,
            **others,
        )

    @property
    def broken(self) -> bool:
        """Whether we break a promise here: we lose something, or cost more than we said."""
        return bool(
            (self.ours and self.fault)
            or (self.target is not None and (self.ratio is None or self.ratio > self.target))
            or (self.limit is not None and self.value > self.limit)
        )

    @property
    def failed(self) -> bool:
        """Whether the subject did its work wrong, or we broke a promise."""
        return bool(self.fault) or self.broken

    def cells(self) -> tuple[str, ...]:
        """The line of the table."""
        spread = "" if self.low is None or self.high is None else f"{self.low:.1f} – {self.high:.1f}"
        bounds = (("", self.target), (f" {self.unit}", self.limit))
        return (
            self.case,
            self.subject,
            f"{self.value:.1f} {self.unit}",
            spread,
            _number(self.p50, 1),
            _number(self.p99, 1),
            _number(self.redis, 1),
            _number(self.ratio, 2),
            " and ".join(f"≤ {bound:g}{unit}" for unit, bound in bounds if bound is not None),
            "FAIL" if self.failed else "ok",
            ", ".join(filter(None, (self.fault, self.remark))),
        )


def side_by_side(
    costs: Mapping[str, Sequence[float]], *, case: str, unit: str, scale: float, target: float | None
) -> list[Figure]:
    """The figures of several subjects by their rounds, of which the first is ours.

    ``target``: what we promise its cost to be at the most, as a part of each other's.
    """
    ours = next(iter(costs))
    return [
        Figure.of_rounds(
            rounds=rounds,
            scale=scale,
            ours_in_them=costs[ours],
            case=case,
            subject=subject,
            unit=unit,
            ours=subject == ours,
            target=None if subject == ours else target,
        )
        for subject, rounds in costs.items()
    ]


HEADINGS = (
    *("case", "subject", "cost", "min – max", "p50 ms", "p99 ms", "Redis µs"),
    *("ours ÷ it", "promised", "", ""),
)


def _number(value: float | None, places: int) -> str:
    return "" if value is None else f"{value:.{places}f}"


def _lines(figures: Sequence[Figure]) -> list[tuple[str, ...]]:
    """Headings and cells; a case is named once, and a column that nobody fills is left out."""
    lines: list[tuple[str, ...]] = [HEADINGS]
    for previous, figure in zip((None, *figures), figures, strict=False):
        case, *others = figure.cells()
        lines.append(("" if previous and previous.case == case else case, *others))
    columns = [column for column in zip(*lines, strict=True) if any(column[1:])]
    return list(zip(*columns, strict=True))


def table(figures: Sequence[Figure]) -> str:
    """All figures, one line each."""
    lines = _lines(figures)
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def markdown(figures: Sequence[Figure]) -> str:
    """The same as a table in Markdown."""
    return markdown_table(_lines(figures))


def markdown_table(lines: Sequence[tuple[str, ...]]) -> str:
    """Headings and cells as a table in Markdown."""
    headings, *others = lines
    rows = [headings, ("---",) * len(headings), *others]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def promises_kept(figures: Sequence[Figure]) -> bool:
    """Whether none is broken; a peer that loses is shown, and no more."""
    return not any(figure.broken for figure in figures)


@dataclass(frozen=True, slots=True)
class Report:
    """What a benchmark found: its figures, and notes such as versions and who was absent."""

    figures: Sequence[Figure]
    notes: Sequence[str] = ()

    def write_json(self, file: Path, benchmark: str) -> None:
        """Keep the figures with the machine that they were measured on."""
        document = {
            "benchmark": benchmark,
            "kept": promises_kept(self.figures),
            "machine": machine.description(),
            "notes": self.notes,
            "figures": [asdict(figure) | {"failed": figure.failed} for figure in self.figures],
        }
        file.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
