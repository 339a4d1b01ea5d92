"""The whole of Taskbeam in processes of the test's own, as `make run` starts it."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stack.ports import free_port
from stack.process import ManagedProcess
from stack.readiness import UrlAnswers

from .gateway import ROOT
from .waiting import START_TIMEOUT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@dataclass(frozen=True)
class Whole:
    """It is live at ``address``, an origin."""

    process: ManagedProcess
    address: str


@contextmanager
def whole(folder: Path, **settings: object) -> Iterator[Whole]:
    """Run ``python -m stack`` with its files in ``folder``; ``settings`` become `TASKBEAM_*` variables."""
    address = f"http://127.0.0.1:{(port := free_port())}"
    env = {
        "TASKBEAM_PORT": str(port),
        "TASKBEAM_VAR_DIR": str(folder),
        **{f"TASKBEAM_{name.upper()}": str(value) for name, value in settings.items()},
    }
    with ManagedProcess("stack", [sys.executable, "-m", "stack"], env=env, cwd=ROOT) as process:
        process.wait_until(UrlAnswers(f"{address}/readyz"), START_TIMEOUT)
        yield Whole(process, address)
