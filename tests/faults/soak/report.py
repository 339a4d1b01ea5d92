"""The table of a soak: what was held at the first and the last quiet moment, and whether it grows.

Celery's worker with threads grows by itself under faults. So its memory is compared with that of a worker
which does the same with Celery's own backend.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .gauge import Reading
from .slope import Slope, slope

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .gauge import Sample

HEAD = ("of", "what", "first", "last", "per hour", "± error", "flat")

#: Whose readings nobody judges.
STOCK = "stock worker, threads"

#: What is judged by how much more it grows than something else.
BESIDE = {Reading("worker, threads", "memory", "MB"): Reading(STOCK, "memory", "MB")}


def slopes(times: Sequence[float], samples: Sequence[Sample]) -> dict[Reading, Slope]:
    """Of each reading; ``times`` are in seconds."""
    return {reading: slope(times, [sample[reading] for sample in samples]) for reading in samples[0]}


def growing(found: dict[Reading, Slope]) -> list[Reading]:
    """What grows, and may not."""
    return [reading for reading in found if reading.of != STOCK and not _judged(reading, found).flat]


def _judged(reading: Reading, found: dict[Reading, Slope]) -> Slope:
    beside = BESIDE.get(reading)
    return found[reading] if beside is None else found[reading].beside(found[beside])


def table(samples: Sequence[Sample], found: dict[Reading, Slope]) -> str:
    """In Markdown."""
    lines = [" | ".join(HEAD), "|".join(["---"] * len(HEAD))]
    grown = growing(found)
    for reading, line in found.items():
        unit = f" {reading.unit}".rstrip()
        first, last = (f"{sample[reading]:,.4g}{unit}" for sample in (samples[0], samples[-1]))
        flat = "–" if reading.of == STOCK else "NO" if reading in grown else "yes"
        lines.append(
            " | ".join(
                [
                    reading.of,
                    reading.what,
                    first,
                    last,
                    f"{line.per_hour:+,.3g}{unit}",
                    f"{line.error:,.2g}",
                    flat,
                ]
            )
        )
    return "\n".join(f"| {line} |" for line in lines)
