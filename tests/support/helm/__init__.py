"""Helm's own engine, which renders the chart of deploy/helm: a Go program that is built from Helm's module.

``python -m tests.support.helm`` compiles it once, so that a test has it at once from Go's cache.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).resolve().parents[3]
CHART = ROOT / "deploy/helm/taskbeam"

#: The oldest Kubernetes that the chart is for.
KUBERNETES = "1.30"


class ChartError(Exception):
    """What Helm said about the chart, or about its values."""


class Helm:
    """Renders the chart.

    Args:
        directory: an empty folder for the program.

    Raises:
        AssertionError: with what the compiler said.
    """

    def __init__(self, directory: Path) -> None:
        self._program = directory / "helm-render"
        built = _go("build", "-o", str(self._program), ".")
        assert built.returncode == 0, built.stderr

    def texts(self, values: Mapping[str, Any], kubernetes: str = KUBERNETES) -> dict[str, str]:
        """What each template became, by its file's name. Raises `ChartError`."""
        done = subprocess.run(
            [self._program, CHART, "live", "shop", kubernetes],
            input=json.dumps(values),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise ChartError(done.stderr)
        return {Path(name).name: text for name, text in json.loads(done.stdout).items()}

    def resources(self, values: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
        """What a cluster would be given, as ``Kind/name``, in the namespace `shop` by the release `live`."""
        texts = [text for name, text in self.texts(values).items() if name.endswith(".yaml")]
        found = [document for text in texts for document in yaml.safe_load_all(text) if document is not None]
        named = {f"{each['kind']}/{each['metadata']['name']}": each for each in found}
        assert len(named) == len(found), "two of one kind have the same name"
        return named


@cache
def lacking() -> str:
    """Why there can be none on this machine; empty if there can."""
    if shutil.which("go") is None:
        return "there is no Go"
    return "" if _go("mod", "download").returncode == 0 else "Go cannot get Helm's module"


def _go(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["go", "-C", Path(__file__).parent, *arguments], capture_output=True, text=True, check=False
    )
