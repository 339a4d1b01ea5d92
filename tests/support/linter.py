"""Redocly's linter, for OpenAPI and AsyncAPI: one package from npm, which asks the network for nothing.

Spectral does the same with two hundred packages, and vacuum is fetched from elsewhere when it is installed.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from .gateway import ROOT

#: For Node, which the environment of the tests brings.
_BIN = Path(sys.executable).parent


def complaints(document: Path) -> str:
    """What the linter says against a document; each of its warnings is an error."""
    linter = str(ROOT / "node_modules/.bin/redocly")
    env = os.environ | {
        "PATH": f"{_BIN}{os.pathsep}{os.environ['PATH']}",
        "REDOCLY_TELEMETRY": "off",
        "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true",
    }
    done = subprocess.run(
        [linter, "lint", "--format=stylish", "--extends=recommended-strict", document.name],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env=env,
        cwd=document.parent,
    )
    return "" if done.returncode == 0 else done.stdout + done.stderr
