"""Prometheus and its `promtool`, of Debian's package: ``python -m tests.support.prometheus`` installs it."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from .debian import install

ROOT = Path(__file__).resolve().parents[2]

#: The files of the repository that Prometheus and Grafana load.
FILES = ROOT / "monitoring"

FOUND = shutil.which("promtool") is not None and shutil.which("prometheus") is not None


def promtool(*arguments: str, directory: Path, given: str | None = None) -> str:
    """Run it; returns what it said. Raises `AssertionError` with that where it does not accept its input.

    Args:
        arguments: of the command line.
        directory: where the files are.
        given: its standard input.
    """
    done = subprocess.run(
        ["promtool", *arguments], input=given, cwd=directory, capture_output=True, text=True, check=False
    )
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    return said


if __name__ == "__main__" and not FOUND:
    install("prometheus")
