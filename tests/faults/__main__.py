"""`make chaos`: every fault, with many clients, and a table of what they met.

    python -m tests.faults [--only NAME …] [--clients N] [--seed S] [--lasts SECONDS] [--list]

Exits with 1 if a promise was broken. The same seed lets the same clients do the same at random.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from stack.process import ProcessFailedError

from .report import head, index, rows, verdict
from .table import FAULTS
from .trial import Crowd, Outcome, attempt

if TYPE_CHECKING:
    from .fault import Fault

CLIENTS = 1000


def main() -> int:
    """Run the campaign."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description="The fault campaign.")
    parser.add_argument("--only", nargs="+", metavar="NAME", default=list(FAULTS), help="faults, by name")
    parser.add_argument("--clients", type=int, default=CLIENTS, metavar="N", help="on each stage")
    parser.add_argument("--seed", type=int, default=random.randrange(1_000_000), metavar="S")
    parser.add_argument("--lasts", type=float, metavar="SECONDS", help="of each fault, in place of its own")
    parser.add_argument("--list", action="store_true", help="the faults, and what each is")
    options = parser.parse_args()
    if options.list:
        print(index(FAULTS.values()))
        return 0
    if unknown := set(options.only) - set(FAULTS):
        parser.error(f"no such fault: {', '.join(sorted(unknown))}; --list names them")
    crowd = Crowd(options.clients, options.seed)
    began = time.monotonic()
    print(f"{crowd.clients} clients, seed {crowd.seed}\n\n{head()}", flush=True)
    lacking = {name: why for name in options.only if (why := FAULTS[name].lacking())}
    chosen = [FAULTS[name] for name in options.only if name not in lacking]
    if options.lasts:
        chosen = [replace(fault, lasts=options.lasts) for fault in chosen]
    attempts = {fault.name: _attempt(fault, crowd) for fault in chosen}
    outcomes = [made for made in attempts.values() if isinstance(made, Outcome)]
    lacking |= {name: made for name, made in attempts.items() if isinstance(made, str)}
    for name, why in lacking.items():
        print(f"Not tried: {name}; {why}.")
    print(f"\n{verdict(outcomes)}\n{time.monotonic() - began:.0f} s, seed {crowd.seed}")
    return int(len(outcomes) < len(chosen) or any(outcome.broken for outcome in outcomes))


def _attempt(fault: Fault, crowd: Crowd) -> Outcome | str:
    """What came of it, or why the stage could not be set."""
    with tempfile.TemporaryDirectory(prefix="faults-") as folder:
        try:
            outcome = attempt(fault, crowd, Path(folder))
        except ProcessFailedError as failed:
            return failed.reason
    print(rows(outcome), flush=True)
    return outcome


if __name__ == "__main__":
    sys.exit(main())
