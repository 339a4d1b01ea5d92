"""A gateway process of the test's own, on a free port."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import psutil

from stack.ports import free_port
from stack.process import ManagedProcess

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]

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
        found = psutil.Process(self.process.pid).net_connections("tcp")
        return sum(each.laddr.port == self.port and each.status != psutil.CONN_LISTEN for each in found)


@contextmanager
def gateway(
    redis_url: str, path: str = "detached", *, ready: bool = True, port: int = 0, **settings: object
) -> Iterator[Gateway]:
    """Run ``python -m app``; ``redis_url`` names no database, ``settings`` become `TASKBEAM_*` variables.

    ``port``: any that is free, unless another gateway shares its own.
    """
    port = port or free_port()
    env = {
        "TASKBEAM_PORT": str(port),
        "TASKBEAM_BROKER_URL": f"{redis_url}/0",
        "TASKBEAM_RESULT_BACKEND": f"taskbeam+{redis_url}/1",
        "TASKBEAM_AUTH": "open",
        "TASKBEAM_DETACH": "1" if path == "detached" else "0",
        **{f"TASKBEAM_{name.upper()}": str(value) for name, value in settings.items()},
    }
    with ManagedProcess("gateway", [sys.executable, "-m", "app"], env=env, cwd=ROOT) as process:
        running = Gateway(process, port)
        address = running.http + ("/readyz" if ready else "/healthz")
        process.wait_until(lambda: _answers(address), timeout=20)
        yield running


def _answers(address: str) -> bool:
    try:
        return httpx.get(address, timeout=2).status_code == 200
    except httpx.TransportError:
        return False
