"""A gateway process of the test's own, on a free port."""

from __future__ import annotations

import sys
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from stack.ports import kept_port
from stack.process import ManagedProcess
from stack.readiness import UrlAnswers

from .results import results_at
from .waiting import START_TIMEOUT
from .warm.programs import warm

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from stack.process import Start

ROOT = Path(__file__).resolve().parents[2]

#: Seconds that a test's gateway waits for Redis and the broker, unless one is to be silent: each may stand
#: still for a moment, and every client of a test waits for longer.
REDIS_TIMEOUT = 50

#: The two ways to serve a stream; every promise is tested on both.
PATHS = ("detached", "portable")


@dataclass(frozen=True)
class Gateway:
    """A running gateway; ``http`` and ``ws`` are its origins."""

    process: ManagedProcess
    port: int

    @property
    def http(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def ws(self) -> str:
        return f"ws://127.0.0.1:{self.port}"

    def clients(self) -> int:
        """How many connections it holds to its clients."""
        return sum(status != psutil.CONN_LISTEN for status in self._connections())

    def listens(self) -> bool:
        """Whether it is this process that has the port; another one may have been faster."""
        return psutil.CONN_LISTEN in self._connections()

    def _connections(self) -> list[str]:
        try:
            found = psutil.Process(self.process.pid).net_connections("tcp")
        except psutil.NoSuchProcess:
            return []
        return [each.status for each in found if each.laddr.port == self.port]


@contextmanager
def gateway(
    redis_url: str,
    path: str = "detached",
    *,
    ready: bool = True,
    port: int = 0,
    environment: Mapping[str, str] | None = None,
    start: Start = warm,
    **settings: object,
) -> Iterator[Gateway]:
    """Run ``python -m app``; ``redis_url`` names no database, ``settings`` become `TASKBEAM_*` variables.

    ``environment``: other variables.

    With a ``frontend_dir``, the files of that folder are in front of those that the gateway has itself.

    ``port``: any that is free, unless another gateway shares its own.

    ``start``: `stack.process.execute` shares no memory with another process, where memory is measured.
    """
    env = {
        "TASKBEAM_BROKER_URL": f"{redis_url}/0",
        "TASKBEAM_RESULT_BACKEND": "taskbeam+" + results_at(f"{redis_url}/1"),
        "TASKBEAM_AUTH": "open",
        "TASKBEAM_DETACH": "1" if path == "detached" else "0",
        "TASKBEAM_REDIS_TIMEOUT": str(REDIS_TIMEOUT),
        **(environment or {}),
        **{f"TASKBEAM_{name.upper()}": str(value) for name, value in settings.items()},
    }
    argv = [sys.executable, "-m", "tests.support.folder_service" if "frontend_dir" in settings else "app"]
    with nullcontext(port) if port else kept_port() as port:
        env["TASKBEAM_PORT"] = str(port)
        with ManagedProcess("gateway", argv, env=env, cwd=ROOT, start=start) as process:
            running = Gateway(process, port)
            answers = UrlAnswers(running.http + ("/readyz" if ready else "/healthz"))
            process.wait_until(lambda: answers() and running.listens(), START_TIMEOUT)
            yield running
