"""The whole suite, again and again, beside busy CPUs: ``python -m tests.steady --runs 10 --busy 2``.

A suite that passes once may pass by luck. Prints a line for each run, then each test that failed and in how
many runs, with what pytest said of the first. Exits with 1 where one failed. Each run takes as long as
`make test`; what follows `--` goes to pytest, such as a folder.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from collections import defaultdict
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, NamedTuple
from xml.etree import ElementTree as ET

from tests.support.gateway import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

#: As `make test` runs them.
PYTEST = (sys.executable, "-m", "pytest", "-q", "-n", "6", "--dist", "loadgroup", "--no-loadscope-reorder")

#: A process that never waits.
BUSY = (sys.executable, "-c", "while True: pass")


class Run(NamedTuple):
    """One run of the suite: how many tests it had, and what pytest said of each that failed."""

    tests: int
    failed: dict[str, str]
    seconds: float
    whole: bool


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the suite as often as asked; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--runs", type=int, default=10)
    parser.add_argument("--busy", type=int, default=2, help="processes that take all CPU they get")
    parser.add_argument("pytest", nargs="*", metavar="ARGUMENT", help="for pytest, behind --")
    options = parser.parse_args(arguments)
    said: dict[str, list[str]] = defaultdict(list)
    broken = 0
    with _busy(options.busy):
        for number in range(1, options.runs + 1):
            run = _run(options.pytest)
            broken += not run.whole
            for name, text in run.failed.items():
                said[name].append(text)
            how = "" if run.whole else ", but pytest did not come to its end"
            print(
                f"run {number}: {len(run.failed)} of {run.tests} failed in {run.seconds:.0f} s{how}",
                flush=True,
            )
    for name, texts in sorted(said.items()):
        print(f"\n{name}: in {len(texts)} of {options.runs} runs\n{texts[0]}")
    return 1 if said or broken else 0


def _run(arguments: Sequence[str]) -> Run:
    with TemporaryDirectory() as folder:
        report = Path(folder, "report.xml")
        command = [*PYTEST, f"--junit-xml={report}", *arguments]
        began = time.monotonic()
        code = subprocess.run(command, cwd=ROOT, stdout=subprocess.DEVNULL, check=False).returncode
        seconds = time.monotonic() - began
        if not report.exists():
            return Run(0, {}, seconds, whole=False)
        cases = list(ET.parse(report).iter("testcase"))
    failed = {
        f"{case.get('classname')}.{case.get('name')}": "\n".join(part.text or "" for part in case)
        for case in cases
        if case.find("failure") is not None or case.find("error") is not None
    }
    return Run(len(cases), failed, seconds, whole=code in (0, 1))


@contextmanager
def _busy(count: int) -> Iterator[None]:
    processes = [subprocess.Popen(BUSY) for _ in range(count)]
    try:
        yield
    finally:
        for process in processes:
            process.kill()
            process.wait()


if __name__ == "__main__":
    sys.exit(main())
