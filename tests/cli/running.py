"""The command as a process."""

from __future__ import annotations

import os
import signal
import socket
import sys
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import httpx
import psutil

from stack.ports import kept_port
from stack.process import ManagedProcess
from tests.support.gateway import ROOT, Gateway
from tests.support.results import results_at
from tests.support.waiting import DEADLINE, START_TIMEOUT, wait_until
from tests.support.warm.programs import finished, warm

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator
    from pathlib import Path

    from stack.valkey import Valkey

COMMAND = (sys.executable, "-m", "taskbeam")


#: What tells rich how to draw; whoever runs the tests may have said something else.
TERMINAL = {"TERM": "xterm-256color"}
SAID = ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE")


def clean(**variables: str) -> dict[str, str]:
    """This process' environment, with a terminal that draws, and these variables as the only ones of ours."""
    others = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("TASKBEAM_") and name not in SAID
    }
    ours = {f"TASKBEAM_{name.upper()}": value for name, value in variables.items()}
    return others | TERMINAL | ours


def run(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run it to its end."""
    return finished([*COMMAND, *arguments], clean(**variables), ROOT, START_TIMEOUT)


def answers(address: str) -> bool:
    try:
        return httpx.get(address, timeout=5).status_code == 200
    except httpx.TransportError:
        return False


@dataclass
class Serving:
    """A running `taskbeam serve`, and what it logged."""

    process: ManagedProcess
    port: int
    lines: list[str] = field(default_factory=list)

    @property
    def http(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def gateway(self) -> Gateway:
        """For clients that are made for one."""
        return Gateway(self.process, self.port)

    def wait_until_ready(self, path: str = "/readyz") -> None:
        self.process.wait_until(lambda: answers(self.http + path), START_TIMEOUT)

    def logged(self, *words: str) -> bool:
        """Whether a line has all these words."""
        return any(all(word in line for word in words) for line in self.lines)

    def wait_for(self, *words: str) -> None:
        """Return when such a line was logged."""
        wait_until(lambda: self.logged(*words), lambda: f"{words} in\n" + "\n".join(self.lines))

    def wait_until_serving(self, count: int) -> list[psutil.Process]:
        """Its processes, when so many of them listen."""
        parent = psutil.Process(self.process.pid)

        def listening() -> list[psutil.Process]:
            return [child for child in parent.children() if _listens(child, self.port)]

        # The first is started alone, and the others when it is ready.
        wait_until(lambda: len(listening()) == count, lambda: "\n".join(self.lines), 2 * START_TIMEOUT)
        return listening()

    def answers_on(self, path: Path) -> bool:
        """Whether a request through the unix socket is answered well."""

        def connects() -> bool:
            with socket.socket(socket.AF_UNIX) as client:
                return client.connect_ex(str(path)) == 0

        self.process.wait_until(connects, START_TIMEOUT)
        with httpx.Client(transport=httpx.HTTPTransport(uds=str(path))) as client:
            return client.get("http://gateway/healthz", timeout=DEADLINE).status_code == 200

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Signal it, and return its exit code."""
        self.process.send_signal(number)
        return self.process.wait(DEADLINE)


@contextmanager
def serving(valkey: Valkey, *arguments: str, port: int = 0, **variables: str) -> Iterator[Serving]:
    """`taskbeam serve` until the block ends, letting everybody in; it need not be ready when that begins."""
    environment = {
        "broker_url": valkey.url(0),
        "result_backend": "taskbeam+" + results_at(valkey.url(1)),
        "auth": "open",
        **variables,
    }
    # ManagedProcess adds it to this process' own.
    emptied = {name: "" for name in os.environ if name.startswith("TASKBEAM_")}
    argv, lines = [*COMMAND, "serve", *arguments], list[str]()
    with nullcontext(port) if port else kept_port() as port:
        env = emptied | clean(port=str(port), **environment)
        with ManagedProcess("serve", argv, env=env, cwd=ROOT, on_line=lines.append, start=warm) as process:
            yield Serving(process, port, lines)


def _listens(process: psutil.Process, port: int) -> bool:
    try:
        found = process.net_connections("tcp")
    except psutil.NoSuchProcess:
        return False
    return any(each.status == psutil.CONN_LISTEN and each.laddr.port == port for each in found)
