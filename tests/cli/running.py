"""The command as a process."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import httpx

from stack.ports import free_port
from stack.process import ManagedProcess
from tests.support.gateway import ROOT
from tests.support.waiting import START_TIMEOUT

if TYPE_CHECKING:
    from collections.abc import Iterator

COMMAND = (sys.executable, "-m", "taskbeam")


def clean(**variables: str) -> dict[str, str]:
    """This process' environment, with these variables as the only ones of ours."""
    others = {name: value for name, value in os.environ.items() if not name.startswith("TASKBEAM_")}
    return others | {f"TASKBEAM_{name.upper()}": value for name, value in variables.items()}


def run(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run it to its end."""
    return subprocess.run(
        [*COMMAND, *arguments],
        env=clean(**variables),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=START_TIMEOUT,
        check=False,
    )


@contextmanager
def serving(*arguments: str, **variables: str) -> Iterator[tuple[ManagedProcess, str, list[str]]]:
    """`taskbeam serve` until the block ends: its process, its origin, and the lines that it writes."""
    port, lines = free_port(), list[str]()
    argv = [*COMMAND, "serve", "--port", str(port), *arguments]
    origin = f"http://127.0.0.1:{port}"
    with ManagedProcess("serve", argv, env=clean(**variables), cwd=ROOT, on_line=lines.append) as process:
        process.wait_until(lambda: answers(f"{origin}/readyz"), timeout=START_TIMEOUT)
        yield process, origin, lines


def answers(address: str) -> bool:
    try:
        return httpx.get(address, timeout=5).status_code == 200
    except httpx.TransportError:
        return False
