"""All benchmarks, one after the other.

    python -m benchmarks [--quick] [--into DIRECTORY] [--only BENCHMARK …] [--publish]

Each writes its figures as JSON into the directory, and the growth of costs is drawn there.
``--publish`` puts the tables, the picture and the capacity plan into docs/performance.md, and what a load
takes into docs/capacity.md. With ``--only``,
the figures of the others are those that the directory has; to publish, it must have them all.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from dataclasses import fields
from itertools import chain
from pathlib import Path
from shutil import copy
from typing import Any

from .capacity_page import costs, page
from .capacity_plan import Costs, plan
from .missed import missed
from .plots import draw
from .report import Figure, markdown
from .write_up import fill

#: Each is a module of this package with a command line of its own.
BENCHMARKS = (
    *("update_cost", "canvas_cost", "delivery_cost", "idle_cost"),
    *("reconnect_cost", "slow_readers", "several_processes", "end_to_end", "first_event"),
)
INTO = Path("var/bench")
REMEDY = "Measure them, too (without --only), or leave --publish out"
DOCUMENT, PICTURE = Path("docs/performance.md"), Path("docs/performance.png")
#: What a load takes, from the same figures.
CAPACITY = Path("docs/capacity.md")


def main() -> int:
    """Run all.

    Returns 1 when a promise was broken in one of them, or it could not run; 2 when it is not begun, because
    figures to publish are neither there nor asked for.
    """
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="All benchmarks.")
    parser.add_argument("--quick", action="store_true", help="a minute: does all run? Ratios are not judged")
    parser.add_argument("--into", type=Path, default=INTO, metavar="DIRECTORY", help="where the figures go")
    parser.add_argument("--only", nargs="+", choices=BENCHMARKS, default=BENCHMARKS, metavar="BENCHMARK")
    parser.add_argument("--publish", action="store_true", help=f"put them into {DOCUMENT}, too")
    options = parser.parse_args()
    others = [benchmark for benchmark in lacking(options.into) if benchmark not in options.only]
    if options.publish and others:
        parser.error(f"nothing to publish: {options.into} has no figures of {', '.join(others)}. {REMEDY}")
    options.into.mkdir(parents=True, exist_ok=True)
    kept = [_run(benchmark, options.into, quick=options.quick) for benchmark in options.only]
    absent = lacking(options.into)
    measured = {each: _read(options.into, each) for each in BENCHMARKS if each not in absent}
    picture = options.into / "growth.png"
    if "delivery_cost" in measured:
        _draw(measured["delivery_cost"]["figures"], picture)
    if options.publish and absent:
        print(f"Published nothing: there are no figures of {', '.join(absent)}.")
    elif options.publish:
        publish(measured, picture)
    return 0 if all(kept) else 1


def lacking(directory: Path) -> list[str]:
    """The benchmarks whose figures a directory, which need not exist, does not have."""
    return [benchmark for benchmark in BENCHMARKS if not _file(directory, benchmark).exists()]


def _run(benchmark: str, into: Path, *, quick: bool) -> bool:
    file = _file(into, benchmark)
    file.unlink(missing_ok=True)
    command = (sys.executable, "-m", f"benchmarks.{benchmark}", "--json", str(file))
    ended = subprocess.run((*command, "--quick") if quick else command, check=False)
    print(flush=True)
    return ended.returncode == 0


def _read(directory: Path, benchmark: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(_file(directory, benchmark).read_text(encoding="utf-8"))
    return document


def _file(directory: Path, benchmark: str) -> Path:
    return directory / f"{benchmark}.json"


def _draw(figures: list[dict[str, Any]], file: Path) -> None:
    try:
        draw(figures, file)
    except ImportError:
        print("No picture without matplotlib: pip install -e '.[bench]'")
    else:
        print(f"Wrote {file}")


def publish(measured: dict[str, dict[str, Any]], picture: Path, root: Path = Path()) -> None:
    """Fill docs/performance.md and docs/capacity.md below ``root``, and put the picture beside them."""
    reported = {benchmark: _figures(document["figures"]) for benchmark, document in measured.items()}
    parts = {benchmark: markdown(figures) for benchmark, figures in reported.items()}
    parts["missed"] = missed(list(chain.from_iterable(reported.values())))
    machine, notes = measured["delivery_cost"]["machine"], measured["delivery_cost"]["notes"]
    size = f"{machine['cpus']} CPUs, {machine['memory_gib']} GiB, {machine['system']}"
    versions = "\n".join(f"- {note}" for note in notes)
    parts["machine"] = f"{size}, Python {machine['python']}.\n\n{versions}"
    if picture.exists():
        copy(picture, root / PICTURE)
        parts["growth"] = f"![Cost per delivery against clients, tasks and rate]({PICTURE.name})"
    figures = {benchmark: document["figures"] for benchmark, document in measured.items()}
    for transport in ("WebSocket", "SSE"):
        parts[f"capacity {transport}"] = plan(Costs.from_figures(figures, transport))
    found = costs(figures, "WebSocket").worst(costs(figures, "SSE"))
    for document, filled in ((DOCUMENT, parts), (CAPACITY, {"capacity": page(found)})):
        file = root / document
        file.write_text(fill(file.read_text(encoding="utf-8"), filled), encoding="utf-8")
    print(f"Filled {DOCUMENT} and {CAPACITY}")


def _figures(figures: list[dict[str, Any]]) -> list[Figure]:
    names = {field.name for field in fields(Figure)}
    return [Figure(**{name: figure[name] for name in names}) for figure in figures]


if __name__ == "__main__":
    sys.exit(main())
