"""The wheel, built as for a release, and installed where nothing else of ours is."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SHOP = Path(__file__).parent / "shop"

#: What the team has chosen to serve its application with, and checks it by.
TOOLS = ("gunicorn", "uvicorn-worker", "hypercorn", "mypy", "celery-types", "pytest")


@dataclass(frozen=True)
class Environment:
    """A virtual environment, and a folder with the team's own code; neither is in the repository."""

    folder: Path
    code: Path

    def program(self, name: str) -> str:
        return str(self.folder / "bin" / name)

    def run(self, *argv: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
        """Run one of its programs to its end, with none of our variables; fails with what it wrote."""
        program, *arguments = argv
        done = subprocess.run(
            [self.program(program), *arguments],
            cwd=cwd or self.code,
            env=clean_environment(),
            capture_output=True,
            text=True,
            timeout=540,
            check=False,
        )
        assert done.returncode == 0, f"{argv}\n{done.stdout}{done.stderr}"
        return done


def clean_environment() -> dict[str, str]:
    """Ours, without what would lead a process back to the repository."""
    ours = ("TASKBEAM_", "PYTHONPATH", "VIRTUAL_ENV")
    return {name: value for name, value in os.environ.items() if not name.startswith(ours)}


def built(into: Path) -> Path:
    """The wheel, made from the sdist; tests/test_distribution.py says that it needs no Node."""
    argv = [sys.executable, "-m", "build", "--outdir", str(into), str(ROOT)]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=540, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (wheel,) = into.glob("*.whl")
    return wheel


def installed(wheel: Path, into: Path) -> Environment:
    """Install the wheel, the gateway's requirements and the team's tools where nothing else is."""
    environment = Environment(into / "venv", into / "code")
    subprocess.run([sys.executable, "-m", "venv", str(environment.folder)], check=True, timeout=120)
    environment.code.mkdir()
    for source in SHOP.glob("*.py"):
        (environment.code / source.name).write_text(source.read_text())
    environment.run("python", "-m", "pip", "install", "--quiet", f"{wheel}[gateway,testing]", *TOOLS)
    return environment
