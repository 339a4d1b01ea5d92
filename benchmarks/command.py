"""The command line that all benchmarks share."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from .report import markdown, promises_kept, table

if TYPE_CHECKING:
    from collections.abc import Callable

    from .report import Report


def progress(case: str) -> None:
    """Tell whoever waits what is measured now."""
    print(f"… {case}", file=sys.stderr, flush=True)


def run(
    benchmark: str,
    summary: str,
    measure: Callable[[bool], Report],
    own: argparse.ArgumentParser | None = None,
) -> int:
    """Measure (``measure`` is told whether quickly), print, and return the exit code.

    ``own``: options of the benchmark itself, which it has read already. 1 = one of ours cost more than
    promised or did its work wrong.
    """
    parents = [own] if own is not None else []
    program = f"python -m benchmarks.{benchmark}"
    parser = argparse.ArgumentParser(prog=program, description=summary, parents=parents)
    parser.add_argument(
        "--quick", action="store_true", help="a few seconds: does it run? Ratios are not judged"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too")
    parser.add_argument("--markdown", action="store_true", help="print the table in Markdown")
    options = parser.parse_args()
    report = measure(options.quick)
    show = markdown if options.markdown else table
    print(summary, show(report.figures), "\n".join(report.notes), sep="\n\n", flush=True)
    if options.json is not None:
        report.write_json(options.json, benchmark)
    return 0 if promises_kept(report.figures) else 1
