"""One child process that is started, watched and ended as a whole, and never outlives its parent."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections import deque
from typing import IO, TYPE_CHECKING, Protocol, Self

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

# Leads the process group. Its input is a pipe whose other end only we hold, so the end of that input
# means that we are gone, however we went; then the whole group goes too.
GUARD = ("/bin/sh", "-c", "trap '' HUP INT TERM; read _; kill -KILL 0")

#: How many of its last lines are kept, and how many of these an error message shows.
KEPT_LINES, TAIL_LINES = 2000, 40
POLL_SECONDS = 0.02

#: Seconds in which the last words of a process that has ended are read. Whoever it leaves behind may keep its
#: output open.
LAST_WORDS = 5.0


class ProcessFailedError(Exception):
    """A process died, or did not become ready in time.

    `reason` is one line that names it; the message adds the last lines of its output.
    """

    def __init__(self, reason: str, output: str) -> None:
        super().__init__(f"{reason}\n{output}".rstrip())
        self.reason = reason


class Program(Protocol):
    """What is started: `subprocess.Popen`, as far as we use it."""

    @property
    def pid(self) -> int: ...
    @property
    def stdout(self) -> IO[str] | None: ...
    def poll(self) -> int | None: ...
    def wait(self, timeout: float | None = None) -> int: ...
    def send_signal(self, number: signal.Signals, /) -> None: ...


class Start(Protocol):
    """How a program is started."""

    def __call__(
        self, argv: Sequence[str], env: Mapping[str, str], cwd: Path | None, group: int, /
    ) -> Program: ...


def execute(argv: Sequence[str], env: Mapping[str, str], cwd: Path | None, group: int) -> Program:
    """Start ``argv`` in the process group ``group``; both its output streams are one pipe, for us to read."""
    return subprocess.Popen(
        argv,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=env,
        cwd=cwd,
        process_group=group,
        text=True,
        errors="replace",
    )


class ManagedProcess:
    """A running process, with everything it starts, in a process group of its own.

    A Ctrl-C in the terminal does not reach it: whoever holds this object decides when it stops.
    Its output is read by a thread, line by line, and the last lines are kept; error messages show a few.
    """

    def __init__(
        self,
        name: str,
        argv: Sequence[str],
        *,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        on_line: Callable[[str], None] | None = None,
        start: Start = execute,
    ) -> None:
        """Start `argv` with our environment and `env` on top.

        `on_line` gets each line of its output (both streams, without the line end) on another thread.
        `start` is how: what `execute` gets and returns.
        Raises OSError if the program cannot be started.
        """
        self.name = name
        self._lines: deque[str] = deque(maxlen=KEPT_LINES)
        self._on_line = on_line
        self._guard = subprocess.Popen(GUARD, stdin=subprocess.PIPE, process_group=0)
        try:
            self._popen = start(argv, {**os.environ, **(env or {})}, cwd, self._guard.pid)
        except BaseException:
            self._end_guard()
            raise
        assert self._popen.stdout is not None
        self._reader = threading.Thread(
            target=self._read, args=(self._popen.stdout,), name=f"{name}-output", daemon=True
        )
        self._reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        return self._popen.pid

    @property
    def returncode(self) -> int | None:
        """None while it runs; its exit code, or minus the signal that ended it."""
        return self._popen.poll()

    @property
    def running(self) -> bool:
        return self.returncode is None

    @property
    def output(self) -> str:
        """The last lines that it wrote."""
        return "\n".join(list(self._lines))

    def check(self) -> None:
        """Raise ProcessFailedError if it has ended."""
        returncode = self.returncode
        if returncode is not None:
            raise self._failure(describe_exit(returncode))

    def wait_until(
        self,
        condition: Callable[[], bool],
        timeout: float,
        pause: Callable[[float], object] = time.sleep,
        interval: float = POLL_SECONDS,
    ) -> None:
        """Return when `condition()` holds, asking every `interval` s; `pause` is how to wait in between.

        Raises ProcessFailedError if the process ends first or `timeout` seconds pass.
        """
        deadline = time.monotonic() + timeout
        while not condition():
            self.check()
            if time.monotonic() > deadline:
                raise self._failure(f"was not ready within {timeout:g} s")
            pause(interval)

    def send_signal(self, number: signal.Signals) -> None:
        """Signal the process itself, not its children; nothing happens if it has ended."""
        self._popen.send_signal(number)

    def wait(self, timeout: float) -> int:
        """Its exit code, when it ends within `timeout` seconds. Raises subprocess.TimeoutExpired."""
        returncode = self._popen.wait(timeout)
        self._reader.join(LAST_WORDS)
        return returncode

    def stop(self, grace: float = 10.0, pause: Callable[[float], object] = time.sleep) -> None:
        """Ask it to end (SIGTERM), give it `grace` seconds, then kill what is left of its group.

        Only the process itself is asked: it knows best how to end its children. What `pause` raises
        cuts the grace short and is passed on.
        """
        deadline = time.monotonic() + grace
        try:
            self.send_signal(signal.SIGTERM)
            self.send_signal(signal.SIGCONT)  # a stopped process would never see the first
            while self.running and time.monotonic() < deadline:
                pause(POLL_SECONDS)
        finally:
            self.kill()

    def kill(self) -> None:
        """End the whole group at once. May be called again."""
        self._end_guard()
        self._popen.wait()
        self._reader.join(LAST_WORDS)
        if not self._reader.is_alive() and self._popen.stdout is not None:
            self._popen.stdout.close()

    def _end_guard(self) -> None:
        if self._guard.returncode is not None:
            return
        # The guard is alive or at least not reaped, so the number still means our group.
        os.killpg(self._guard.pid, signal.SIGKILL)
        self._guard.wait()
        assert self._guard.stdin is not None
        self._guard.stdin.close()

    def _read(self, stream: IO[str]) -> None:
        for line in stream:
            text = line.rstrip("\r\n")
            self._lines.append(text)
            if self._on_line is not None:
                self._on_line(text)

    def _failure(self, reason: str) -> ProcessFailedError:
        if not self.running:
            self._reader.join(LAST_WORDS)  # its last words may still be in the pipe
        return ProcessFailedError(f"{self.name} {reason}", "\n".join(list(self._lines)[-TAIL_LINES:]))


def describe_exit(returncode: int) -> str:
    """`returncode` as subprocess gives it (minus the signal's number for a killed process), in words."""
    if returncode >= 0:
        return f"ended with exit code {returncode}"
    try:
        return f"was ended by {signal.Signals(-returncode).name}"
    except ValueError:
        return f"was ended by signal {-returncode}"
