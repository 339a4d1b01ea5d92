"""How the cost of a delivery grows with clients, with tasks and with the rate, as one picture."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

#: Of ours, and of all others.
BOLD, THIN = 2.5, 1.2


class Axis(NamedTuple):
    """What grows, and which figures it is read from: those with these conditions."""

    grows: str
    label: str
    among: Mapping[str, object]


AXES = (
    Axis("clients", "clients of one task", {"tasks": 1}),
    Axis("tasks", "tasks with a client each, 1,000 events/s", {"rate": 1000}),
    Axis("rate", "events/s, 1,000 tasks with a client each", {"tasks": 1000}),
)

#: Points of a curve: what grows, and µs per delivery.
Curve = list[tuple[int, float]]


def curves(figures: Iterable[Mapping[str, Any]], axis: Axis, transport: str) -> dict[str, Curve]:
    """The points of each subject, in order; figures are as `Report.write_json` keeps them."""
    found: dict[str, Curve] = defaultdict(list)
    wanted = {**axis.among, "transport": transport}
    for figure in figures:
        conditions = figure["conditions"]
        if axis.grows in conditions and wanted.items() <= conditions.items():
            found[figure["subject"]].append((conditions[axis.grows], figure["value"]))
    return {subject: sorted(points) for subject, points in found.items()}


def draw(figures: Sequence[Mapping[str, Any]], file: Path) -> None:
    """Write a PNG: a row per transport, a column per axis. Raises `ImportError` without matplotlib."""
    from matplotlib.figure import Figure

    transports = list(dict.fromkeys(figure["conditions"].get("transport") for figure in figures))
    transports = [transport for transport in transports if transport]
    picture = Figure(figsize=(15, 4.5 * len(transports)), layout="constrained")
    grid = picture.subplots(len(transports), len(AXES), squeeze=False)
    # Ten colours, each twice: with circles, and with squares.
    looks = {
        subject: {"color": f"C{index % 10}", "marker": "os"[index // 10]}
        for index, subject in enumerate(_subjects(figures))
    }
    for row, transport in zip(grid, transports, strict=True):
        for plot, axis in zip(row, AXES, strict=True):
            for subject, points in curves(figures, axis, transport).items():
                width = BOLD if subject == "taskbeam" else THIN
                plot.plot(
                    *zip(*points, strict=True),
                    linewidth=width,
                    label=subject,
                    **looks[subject],
                )
            plot.set(xlabel=axis.label, ylabel="CPU of the server, µs per delivery", title=transport)
            plot.set(xscale="log", yscale="log")
            plot.xaxis.set_major_formatter("{x:,.0f}")
            plot.yaxis.set_major_formatter("{x:g}")
            plot.tick_params(axis="x", which="minor", labelbottom=False)
            plot.grid(visible=True, which="both", alpha=0.3)
    known = {str(line.get_label()): line for plot in picture.axes for line in plot.lines}
    picture.legend(known.values(), known.keys(), loc="outside lower center", ncols=7)
    picture.savefig(file, dpi=100)


def _subjects(figures: Iterable[Mapping[str, Any]]) -> list[str]:
    return list(dict.fromkeys(figure["subject"] for figure in figures))
