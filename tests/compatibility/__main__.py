"""Which servers do we work with? Obtain each that can be had here, run the tests on it, and write the page.

    python -m tests.compatibility [NAME ...]

With names, such as "Redis 6.2", only these are tried, and the page is printed and not written.
"""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.support.gateway import ROOT

from .aspects import ASPECTS
from .page import Absent, Tried, page
from .sources import UnavailableError, obtain
from .trial import run_tests
from .versions import Version, full_release, versions

PAGE = ROOT / "docs/compatibility.md"


def main(names: list[str]) -> int:
    """1 if a test failed, or if a name is not known."""
    wanted = [version for version in versions() if not names or version.name in names]
    if unknown := set(names) - {version.name for version in wanted}:
        print(f"unknown: {', '.join(sorted(unknown))}", file=sys.stderr)
        return 1
    tried, absent = [], []
    for version in wanted:
        try:
            tried.append(_try(version))
        except UnavailableError as error:
            absent.append(Absent(version.name, version.source.words, str(error)))
    text = page(tried, absent)
    if names:
        print(text)
    else:
        PAGE.write_text(text, encoding="utf-8")
    return int(any(outcome.failed for each in tried for outcome in each.outcomes.values()))


def _try(version: Version) -> Tried:
    program = obtain(version.name, version.source)
    lacking = {aspect: why for aspect in ASPECTS if (why := aspect.lacks(version.release, program))}
    print(f"… {version.name}: {program}", file=sys.stderr)
    with TemporaryDirectory(prefix="compatibility-") as folder:
        outcomes = run_tests(version.release, program, Path(folder) / "report.xml")
    return Tried(version.name, full_release(program), version.source.words, outcomes, lacking)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
