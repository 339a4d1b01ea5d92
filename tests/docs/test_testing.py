"""The samples of docs/testing.md are tests, and pass where there is neither Redis nor a broker."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.metadata import entry_points
from typing import TYPE_CHECKING

from tests.support.gateway import ROOT

from .samples import samples

if TYPE_CHECKING:
    from pathlib import Path

PLUGIN = "taskbeam.testing.plugin"

#: A port on which nobody listens.
NOWHERE = "redis://localhost:1"


def test_they_pass(tmp_path: Path) -> None:
    for sample in samples("testing.md"):
        if sample.name is not None:
            (tmp_path / sample.name).write_text(sample.text.replace("redis://localhost:6379", NOWHERE))
    installed = entry_points(group="pytest11", name="taskbeam")
    options = [] if installed else ["-p", PLUGIN]  # an older installation for development knows no plugin
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "pytest", "-q", "-p", "no:cacheprovider", *options],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, "3 passed" in done.stdout) == (0, True), done.stdout + done.stderr
