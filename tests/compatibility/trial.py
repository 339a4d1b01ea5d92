"""Run the tests of all aspects against one server."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple
from xml.etree import ElementTree as ET

from tests.support.gateway import ROOT

from .aspects import ASPECTS, Aspect, aspect_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


class Outcome(NamedTuple):
    """Of one aspect: how many tests passed, the names of those that failed, and how many were skipped."""

    passed: int
    failed: tuple[str, ...] = ()
    skipped: int = 0


def run_tests(release: tuple[int, ...], program: Path, report: Path) -> Mapping[Aspect, Outcome]:
    """What became of each aspect that the server can be tried on; ``report`` is pytest's own."""
    tried = [aspect for aspect in ASPECTS if not aspect.lacks(release, program)]
    tests = dict.fromkeys(module for aspect in tried for module in aspect.tests)
    # They wait more than they work.
    side_by_side = ["-n", "3", "--dist", "loadgroup", "--no-loadscope-reorder"]
    pytest = [sys.executable, "-m", "pytest", "-q", *side_by_side, "-p", "no:cacheprovider"]
    subprocess.run(
        [
            *pytest,
            "-o",
            "junit_family=xunit1",
            f"--junitxml={report}",
            "--redis-server",
            str(program),
            *tests,
        ],
        cwd=ROOT,
        check=False,
    )
    found = outcomes(report.read_text(encoding="utf-8"))
    return {aspect: found.get(aspect, Outcome(0)) for aspect in tried}


def outcomes(report: str) -> Mapping[Aspect, Outcome]:
    """By aspect, from a report in JUnit's form."""
    passed, skipped = Counter[Aspect](), Counter[Aspect]()
    failed: dict[Aspect, dict[str, None]] = {}
    for case in ET.fromstring(report).iter("testcase"):
        # Behind the name xdist writes which tests it has kept together.
        module, name = case.attrib["file"], case.attrib["name"].rpartition("@")[0] or case.attrib["name"]
        aspect = aspect_of(module, name)
        kinds = {child.tag for child in case}
        if kinds & {"failure", "error"}:
            failed.setdefault(aspect, {})[f"{module}::{name}"] = None
        else:
            (skipped if "skipped" in kinds else passed)[aspect] += 1
    return {
        aspect: Outcome(passed[aspect], tuple(failed.get(aspect, ())), skipped[aspect])
        for aspect in {*passed, *failed, *skipped}
    }
