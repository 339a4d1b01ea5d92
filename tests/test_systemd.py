"""The unit files for systemd are what it takes, and have as much time as our processes need."""

from __future__ import annotations

import re
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from taskbeam.celery.signals import STOP_WAIT
from taskbeam.gateway.settings import ServerSettings
from tests.support.gateway import ROOT
from worker.celery_app import create_celery
from worker.settings import WorkerSettings

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

UNITS = sorted((ROOT / "deploy/systemd").iterdir())

#: Where the units find programs; the tests put theirs there.
PROGRAMS = "/srv/shop/.venv/bin"


def verified(text: str, name: str, directory: Path) -> str:
    """What systemd says of a unit; nothing where it takes it."""
    for program in ("taskbeam", "celery"):
        (directory / program).touch(mode=0o755)
    file = directory / name.replace("@", "@reports")
    file.write_text(text.replace(PROGRAMS, str(directory)))
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", "--recursive-errors=no", file],
        capture_output=True,
        text=True,
        check=False,
    )
    said = done.stdout + done.stderr
    return said if file.name in said or done.returncode != 0 else ""


def seconds(text: str, name: str) -> int:
    [value] = re.findall(rf"^{name}=(\d+)$", text, re.MULTILINE)
    return int(value)


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_systemd_takes_it(unit: Path, tmp_path: Path, record_property: Callable[[str, object], None]) -> None:
    if shutil.which("systemd-analyze") is None:
        record_property("lacking", f"systemd: not installed, so {unit.name} was not tried")
        return
    assert verified(unit.read_text(), unit.name, tmp_path) == ""
    wrong = unit.read_text().replace("KillMode=mixed", "KillMode=mixt")
    assert "mixt" in verified(wrong, unit.name, tmp_path)
    unknown = unit.read_text().replace("TimeoutStopSec", "TimeoutStoppSec")
    assert "TimeoutStoppSec" in verified(unknown, unit.name, tmp_path)


def test_each_has_time_to_stop() -> None:
    worker, gateway = (unit.read_text() for unit in UNITS)
    assert seconds(gateway, "TimeoutStopSec") > ServerSettings.model_fields["shutdown_timeout"].default
    longest = create_celery(WorkerSettings()).conf.task_time_limit
    assert seconds(worker, "TimeoutStopSec") > longest + STOP_WAIT
