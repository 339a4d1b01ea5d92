"""A launcher under test, as a terminal runs it: in a process group that a Ctrl-C reaches as a whole."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import time
from typing import TYPE_CHECKING, Self

import psutil

from stack.ports import kept_port
from stack.process import ManagedProcess

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

DEADLINE = 60.0
LIVE = re.compile(r"^Taskbeam is live at (http://\S+)  \(Ctrl-C stops everything\)$")


class Terminal:
    """Runs `argv` with `var_dir` for its data and a free port; what it writes is in `lines`."""

    def __init__(self, argv: tuple[str, ...], var_dir: Path, env: Mapping[str, str] | None = None) -> None:
        self.lines: list[str] = []
        self._descendants: list[psutil.Process] = []
        self._kept = contextlib.ExitStack()
        self.port = self._kept.enter_context(kept_port())
        settings = {"TASKBEAM_PORT": str(self.port), "TASKBEAM_VAR_DIR": str(var_dir)}
        self.process = ManagedProcess(
            "launcher", argv, env={**settings, **(env or {})}, on_line=self.lines.append
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self._kept.close()
        for descendant in self._descendants:
            with contextlib.suppress(psutil.NoSuchProcess):
                descendant.kill()

    def find(self, pattern: str | re.Pattern[str]) -> re.Match[str] | None:
        """The match in the first line in which `pattern` is found."""
        return next((match for line in list(self.lines) if (match := re.search(pattern, line))), None)

    def wait_for_line(self, pattern: str | re.Pattern[str]) -> re.Match[str]:
        self.process.wait_until(lambda: self.find(pattern) is not None, DEADLINE)
        match = self.find(pattern)
        assert match is not None
        return match

    def wait_until_live(self) -> str:
        """The address it shows; from then on it is known what must be gone in the end."""
        address = self.wait_for_line(LIVE)[1]
        self._descendants = psutil.Process(self.process.pid).children(recursive=True)
        return address

    def pid_of(self, service: str) -> int:
        return int(self.wait_for_line(rf"^{service} *\| pid (\d+)$")[1])

    def send(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def press_ctrl_c(self) -> None:
        os.killpg(os.getpgid(self.process.pid), signal.SIGINT)

    def wait_for_exit(self) -> int:
        """Its exit code, when every process that it ever started is gone too."""
        returncode = self.process.wait(DEADLINE)
        assert gone(self._descendants)
        return returncode


def gone(processes: list[psutil.Process]) -> bool:
    """Have all of them ended, at the latest after a while?"""
    deadline = time.monotonic() + DEADLINE
    while any(_alive(process) for process in processes):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def _alive(process: psutil.Process) -> bool:
    try:
        # A zombie has ended; who reaps it is not the launcher's business.
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
