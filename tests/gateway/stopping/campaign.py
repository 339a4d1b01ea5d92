"""Many mixes of clients, one after the other: ``python -m tests.gateway.stopping.campaign --runs 200``.

Prints how long the gateway took to end, for each serving path, and what each kind of client was told. Exits
with 1 where one took longer than it may, or told somebody an untruth.
"""

from __future__ import annotations

import argparse
import platform
import subprocess
import sys
from collections import Counter, defaultdict
from statistics import median
from typing import TYPE_CHECKING

from stack.valkey import Valkey

from .stop import Mix, Stopped, stop_under

if TYPE_CHECKING:
    from collections.abc import Sequence

#: Seconds that clients get which do not do their part.
SHUTDOWN_TIMEOUT = 3

#: Seconds that the end may take beside them.
OWN = 2.0

#: Seconds after which a process counts as one that never ends.
NEVER = 60.0


def allowed(mix: Mix) -> float:
    """Seconds within which the gateway is to have ended under a mix.

    While Redis is silent, whoever sends a task waits until it is known whether the broker has taken it.
    """
    waits = not mix.leave or (mix.silent and "sending_a_task" in mix.kinds)
    return OWN + (SHUTDOWN_TIMEOUT if waits else 0.0)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the campaign; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1, help="of the first run; the next ones follow")
    parser.add_argument("--silent", action="store_true", help="Redis does not answer any more by then")
    options = parser.parse_args(arguments)
    runs: list[Stopped] = []
    wrong: list[str] = []
    with Valkey() as valkey:
        for seed in range(options.seed, options.seed + options.runs):
            mix = Mix.of(seed, silent=options.silent)
            try:
                stopped = stop_under(mix, valkey, SHUTDOWN_TIMEOUT, NEVER)
            except subprocess.TimeoutExpired:
                wrong.append(f"seed {seed} ({mix.path}): alive {NEVER:g} s after SIGTERM")
                continue
            runs.append(stopped)
            wrong += [f"seed {seed} ({mix.path}): {untrue}" for untrue in stopped.untrue]
            if stopped.seconds > allowed(mix):
                wrong.append(f"seed {seed} ({mix.path}): {stopped.seconds:.1f} s, {sorted(set(mix.kinds))}")
    print(f"Python {platform.python_version()}, seeds {options.seed} to {seed}")
    _print_times(runs)
    _print_told(runs)
    print(*wrong or ["Nothing was wrong."], sep="\n")
    return 1 if wrong else 0


def _print_times(runs: Sequence[Stopped]) -> None:
    for path in sorted({run.mix.path for run in runs}):
        for leave in (True, False):
            seconds = sorted(run.seconds for run in runs if (run.mix.path, run.mix.leave) == (path, leave))
            if seconds:
                who = "all leave" if leave else "some do not leave"
                print(
                    f"{path:<10} {who:<18} {len(seconds):4} runs: median {median(seconds):.2f} s, "
                    f"longest {seconds[-1]:.2f} s"
                )


def _print_told(runs: Sequence[Stopped]) -> None:
    told: dict[str, Counter[str]] = defaultdict(Counter)
    for run in runs:
        for kind, what in run.told:
            told[kind][what] += 1
    for kind, counted in sorted(told.items()):
        print(f"{kind:<28}", ", ".join(f"{what} {count}" for what, count in counted.most_common()))


if __name__ == "__main__":
    sys.exit(main())
