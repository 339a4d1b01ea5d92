"""The command line that all benchmarks share."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from .report import promises_kept, table, write_json

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .report import Figure


def run(benchmark: str, summary: str, measure: Callable[[bool], Sequence[Figure]]) -> int:
    """Measure (``measure`` is told whether quickly), print, and return the exit code.

    1 = one of ours cost more than promised or did its work wrong.
    """
    parser = argparse.ArgumentParser(prog=f"python -m benchmarks.{benchmark}", description=summary)
    parser.add_argument(
        "--quick", action="store_true", help="a few seconds: does it run? Ratios are not judged"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too")
    options = parser.parse_args()
    figures = measure(options.quick)
    print(summary, table(figures), sep="\n\n", flush=True)
    if options.json is not None:
        write_json(options.json, benchmark, figures)
    return 0 if promises_kept(figures) else 1
