"""The metrics port of each of several processes: a scrape of a shared one would reach any of them. Pure."""

from __future__ import annotations

from typing import NamedTuple

VARIABLE = "TASKBEAM_METRICS_PORT"


class MetricsPorts(NamedTuple):
    """``first``: what is configured; None where there are none."""

    first: int | None

    def of(self, place: int) -> dict[str, str]:
        """The variables of the process at this place, the first of which is 0."""
        return {} if self.first is None else {VARIABLE: str(self.first + place)}
