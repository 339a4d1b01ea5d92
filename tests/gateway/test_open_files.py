"""A process raises its own limit of open files, and says so where it cannot; running out is no end."""

from __future__ import annotations

import asyncio
import resource
import shlex
import sys
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

import httpx
import psutil
import pytest

from stack.ports import kept_port
from stack.process import ManagedProcess
from stack.readiness import UrlAnswers
from taskbeam.gateway.server import open_files
from taskbeam.gateway.server.open_files import Shortage
from tests.support.event_stream import connected_socket
from tests.support.gateway import ROOT, Gateway
from tests.support.results import results_at
from tests.support.waiting import START_TIMEOUT, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stack.valkey import Valkey

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="psutil tells another process's limit there")

SERVE = {
    "python -m app": "import runpy; runpy.run_module('app', run_name='__main__')",
    "taskbeam serve": (
        "import runpy, sys; sys.argv[1:] = ['serve']; runpy.run_module('taskbeam', run_name='__main__')"
    ),
}
WITHOUT_UVLOOP = "import sys; sys.modules['uvloop'] = None; "


@contextmanager
def limited(valkey: Valkey, ulimit: str, program: str, **settings: int) -> Iterator[Gateway]:
    """A gateway under ``ulimit``'s options; ``program`` is Python."""
    redis = valkey.url().removesuffix("/0")
    env = {
        "TASKBEAM_BROKER_URL": f"{redis}/0",
        "TASKBEAM_RESULT_BACKEND": "taskbeam+" + results_at(f"{redis}/1"),
        "TASKBEAM_AUTH": "open",
        **{f"TASKBEAM_{name.upper()}": str(value) for name, value in settings.items()},
    }
    command = f"ulimit {ulimit} && exec {shlex.join([sys.executable, '-c', program])}"
    with (
        kept_port() as port,
        ManagedProcess(
            "gateway", ["sh", "-c", command], env=env | {"TASKBEAM_PORT": str(port)}, cwd=ROOT
        ) as process,
    ):
        process.wait_until(UrlAnswers(f"http://127.0.0.1:{port}/readyz"), START_TIMEOUT)
        yield Gateway(process, port)


def limit_of(served: Gateway) -> int:
    soft, _ = psutil.Process(served.process.pid).rlimit(resource.RLIMIT_NOFILE)
    return int(soft)


@pytest.mark.parametrize("command", SERVE)
def test_the_limit_is_raised_to_what_connections_need(valkey: Valkey, command: str) -> None:
    with limited(valkey, "-Sn 64", SERVE[command], max_connections=200) as served:
        assert limit_of(served) == 200 + 2 * (20 + 100) + 100
        assert "may open" not in served.process.output


@pytest.mark.parametrize("command", SERVE)
def test_a_limit_that_cannot_be_raised_so_far_is_told_and_kept_to(valkey: Valkey, command: str) -> None:
    with limited(valkey, "-n 256", SERVE[command]) as served, ExitStack() as stack:
        told = "WARNING:  This process may open 256 files, so it takes 156 connections instead of 24200."
        wait_until(lambda: told in served.process.output)
        for _ in range(300):
            stack.enter_context(connected_socket(served.port))
        # Half of them may wait, and the oldest go.
        wait_until(lambda: served.clients() <= 156 // 2 + 1)
        assert httpx.get(f"{served.http}/readyz").status_code == 200
        assert "Cannot accept connections" not in served.process.output


@pytest.mark.parametrize("before", ["", WITHOUT_UVLOOP], ids=["uvloop", "asyncio"])
def test_running_out_is_told_and_ends_when_others_go(valkey: Valkey, before: str) -> None:
    with limited(valkey, "-n 1000", before + SERVE["python -m app"], head_timeout=600) as served:
        process = psutil.Process(served.process.pid)
        process.rlimit(resource.RLIMIT_NOFILE, (process.num_fds() + 5, 1000))
        with ExitStack() as stack:
            for _ in range(50):
                stack.enter_context(connected_socket(served.port))
            wait_until(lambda: "Cannot accept connections until others have closed" in served.process.output)
        wait_until(lambda: answers(served))
        assert served.process.output.count("Cannot accept connections") == 1
        assert "Traceback" not in served.process.output


def answers(served: Gateway) -> bool:
    try:
        return httpx.get(f"{served.http}/readyz").status_code == 200
    except httpx.TransportError:
        return False


class TestALimit:
    def allowed(self, monkeypatch: pytest.MonkeyPatch, soft: float, hard: float, wanted: int) -> int:
        monkeypatch.setattr(open_files, "limits", lambda: (soft, hard))
        monkeypatch.setattr(open_files, "_raise", lambda limit, _before: limit)
        return open_files.allow_connections(wanted)

    @pytest.mark.parametrize(
        ("soft", "hard", "allowed"),
        [
            (float("inf"), float("inf"), 1000),
            (64, float("inf"), 1000),
            (64, 1100, 1000),
            (64, 1099, 999),
            (64, 150, 75),
            (64, 64, 32),
        ],
    )
    def test_allows_so_many(
        self, monkeypatch: pytest.MonkeyPatch, soft: float, hard: float, allowed: int
    ) -> None:
        assert self.allowed(monkeypatch, soft, hard, 1000) == allowed

    def test_of_the_system_that_is_lower_than_it_says(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def refuse(*_: object) -> None:
            raise ValueError

        monkeypatch.setattr(open_files, "limits", lambda: (300, float("inf")))
        monkeypatch.setattr(resource, "setrlimit", refuse)
        assert open_files.allow_connections(1000) == 200


def test_other_errors_of_the_loop_are_told_as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail() -> list[Any]:
        loop = asyncio.get_running_loop()
        Shortage().listen(loop)
        told: list[Any] = []
        monkeypatch.setattr(loop, "default_exception_handler", told.append)
        loop.call_exception_handler({"message": "another"})
        loop.call_exception_handler({"message": "socket.accept() out of system resource"})
        return told

    assert asyncio.run(fail()) == [{"message": "another"}]
