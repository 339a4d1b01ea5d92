"""The whole of Taskbeam in processes of the test's own, as `make run` starts it."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Event
from typing import TYPE_CHECKING

from stack.ports import kept_port
from stack.process import ManagedProcess
from stack.readiness import UrlAnswers

from .gateway import ROOT
from .results import results_at
from .waiting import START_TIMEOUT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from stack.valkey import Valkey


@dataclass(frozen=True)
class Whole:
    """It is live at ``address``, an origin."""

    process: ManagedProcess
    address: str


@contextmanager
def whole(folder: Path, **settings: object) -> Iterator[Whole]:
    """Run ``python -m stack`` with its files in ``folder``; ``settings`` become `TASKBEAM_*` variables.

    Its worker takes tasks when the block begins.
    """
    env = {
        "TASKBEAM_VAR_DIR": str(folder),
        **{f"TASKBEAM_{name.upper()}": str(value) for name, value in settings.items()},
    }
    worker_is_ready = Event()

    def heard(line: str) -> None:
        if line.startswith("worker ") and line.rstrip().endswith(" ready."):
            worker_is_ready.set()

    argv = [sys.executable, "-m", "stack"]
    with (
        kept_port() as port,
        ManagedProcess(
            "stack", argv, env=env | {"TASKBEAM_PORT": str(port)}, cwd=ROOT, on_line=heard
        ) as process,
    ):
        address = f"http://127.0.0.1:{port}"
        process.wait_until(UrlAnswers(f"{address}/readyz"), START_TIMEOUT)
        process.wait_until(worker_is_ready.is_set, START_TIMEOUT)
        yield Whole(process, address)


def whole_on(server: Valkey, folder: Path) -> AbstractContextManager[Whole]:
    """The same, with its queues on a server of the test's own."""
    redis_url, results = server.url().removesuffix("/0"), results_at(server.url(1))
    return whole(folder, redis_url=redis_url, result_backend=f"taskbeam+{results}")
