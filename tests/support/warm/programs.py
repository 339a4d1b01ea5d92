"""The programs that are forked while tests run, and what each of their fork servers imports beforehand."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, TYPE_CHECKING
from uuid import uuid4

from stack.process import ManagedProcess, Program, execute
from tests.support.waiting import START_TIMEOUT

from .forked import Forked, fork

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from .fork_server import Order

ROOT = Path(__file__).resolve().parents[3]
PYTHON = (sys.executable, "-m")

#: What ``python -m`` runs, and what is imported before. Nothing here may make an application, read its
#: settings or start a thread: that is the program's own.
GATEWAY = ("app.main", "app.settings", "taskbeam.gateway.server.run")
#: Nothing of ours: what a worker has imported of it is its application's own, and a stock one has none.
CELERY = (
    "celery.bin.celery",
    "celery.apps.worker",
    "celery.backends.redis",
    "celery.fixups.django",
    "celery.worker.autoscale",
    "celery.worker.components",
    "celery.worker.loops",
    "celery.worker.strategy",
    "celery.worker.consumer",
    "kombu.transport.redis",
)
COMMAND = ("taskbeam.cli.serve", "taskbeam.cli.doctor", "taskbeam.cli.follow.follow")
IMPORTED = {
    "app": GATEWAY,
    "taskbeam": COMMAND,
    "celery": CELERY,
    "tests.support.folder_service": GATEWAY,
}


class _Servers:
    """The fork servers of this process, each begun when it is first asked for."""

    def __init__(self) -> None:
        self._addresses: dict[tuple[str, ...], str] = {}
        self._held = ExitStack()
        self._beginning = threading.Lock()

    def address(self, modules: tuple[str, ...], env: Mapping[str, str]) -> str:
        """It begins in the environment of the first program: the next ones have nearly the same."""
        with self._beginning:
            if modules not in self._addresses:
                self._addresses[modules] = self._begin(modules, env)
            return self._addresses[modules]

    def _begin(self, modules: tuple[str, ...], env: Mapping[str, str]) -> str:
        address = f"fork-server-{uuid4()}"
        argv = [*PYTHON, "tests.support.warm.fork_server", address, *modules]
        process = self._held.enter_context(ManagedProcess("fork server", argv, env=env, cwd=ROOT))
        process.wait_until(lambda: process.output == "ready", START_TIMEOUT)
        return address

    def close(self) -> None:
        self._held.close()


_servers: _Servers | None = None


@contextmanager
def warm_programs() -> Iterator[None]:
    """In the block, `warm` forks; outside, it starts programs as everybody does."""
    global _servers
    if not _can_watch_processes():
        yield
        return
    before, _servers = _servers, _Servers()
    try:
        yield
    finally:
        _servers.close()
        _servers = before


def warm(argv: Sequence[str], env: Mapping[str, str], cwd: Path | None, group: int) -> Program:
    """Start it as `stack.process.execute` does, but with its imports done, where that is the same."""
    reading, writing = os.pipe()
    stdout = os.fdopen(reading, errors="replace")
    try:
        made = _fork(argv, env, cwd, group, writing, writing)
    finally:
        os.close(writing)
    if made is None:
        stdout.close()
        return execute(argv, env, cwd, group)
    made.stdout = stdout
    return made


def finished(
    argv: Sequence[str], env: Mapping[str, str], cwd: Path, timeout: float
) -> subprocess.CompletedProcess[str]:
    """Run it to its end, as `subprocess.run` does, but with its imports done, where that is the same."""
    with TemporaryFile() as output, TemporaryFile() as errors:
        made = _fork(argv, env, cwd, os.getpgid(0), output.fileno(), errors.fileno())
        if made is None:
            return subprocess.run(
                argv, env=env, cwd=cwd, capture_output=True, text=True, timeout=timeout, check=False
            )
        try:
            code = made.wait(timeout)
        except subprocess.TimeoutExpired:
            made.send_signal(signal.SIGKILL)
            raise
        said = [_text(file) for file in (output, errors)]
    return subprocess.CompletedProcess(list(argv), code, *said)


def _text(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode()


def _fork(
    argv: Sequence[str], env: Mapping[str, str], cwd: Path | None, group: int, output: int, errors: int
) -> Forked | None:
    """None where it has to be started afresh."""
    python, (module, *arguments) = tuple(argv[:2]), argv[2:]
    if _servers is None or python != PYTHON or cwd != ROOT or module not in IMPORTED:
        return None
    address = _servers.address(IMPORTED[module], env)
    order: Order = {"module": module, "arguments": arguments, "environment": dict(env), "group": group}
    made = fork(address, order, output, errors)
    return made if isinstance(made, Forked) else None


def _can_watch_processes() -> bool:
    """Linux does since 5.3; some of its stand-ins do not."""
    if sys.platform != "linux" or not hasattr(os, "pidfd_open"):
        return False
    try:
        os.close(os.pidfd_open(os.getpid()))
    except OSError:
        return False
    return True
