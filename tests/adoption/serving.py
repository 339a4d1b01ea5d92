"""The ways in which a team serves its application: on its own server, and on Taskbeam's."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import httpx

from stack.ports import kept_port
from stack.process import ManagedProcess
from tests.support.waiting import START_TIMEOUT

from .installing import clean_environment

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .installing import Environment


@dataclass(frozen=True)
class Way:
    """``argv`` has `{port}`; ``prefix`` stands before the application's own paths, ``live`` before ours.

    ``stripped`` is what a proxy in front of it takes away, so that a client without one does, too.
    """

    argv: tuple[str, ...]
    prefix: str = ""
    stripped: str = ""


UVICORN = ("uvicorn", "--port", "{port}", "--log-level", "info")
WAYS = {
    "included, uvicorn": Way((*UVICORN, "included:app")),
    "mounted, uvicorn": Way((*UVICORN, "mounted:app")),
    "nested, uvicorn": Way((*UVICORN, "nested:app"), prefix="/shop"),
    "root path, uvicorn": Way((*UVICORN, "--root-path", "/api", "included:app"), stripped="/api"),
    "wrapped, uvicorn": Way((*UVICORN, "wrapped:app")),
    "included, gunicorn": Way(
        (
            "gunicorn",
            "-k",
            "uvicorn_worker.UvicornWorker",
            "-w",
            "1",
            "-b",
            "127.0.0.1:{port}",
            "included:app",
        )
    ),
    "included, hypercorn": Way(("hypercorn", "-b", "127.0.0.1:{port}", "included:app")),
    "included, taskbeam": Way(
        ("taskbeam", "serve", "--app", "included:app", "--workers", "2", "--port", "{port}")
    ),
    "wrapped, taskbeam": Way(("taskbeam", "serve", "--app", "wrapped:app", "--port", "{port}")),
    "mounted, taskbeam": Way(("taskbeam", "serve", "--app", "mounted:app", "--port", "{port}")),
}


@dataclass(frozen=True)
class Served:
    """A shop that answers at ``origin``; ``way`` says below which paths."""

    process: ManagedProcess
    port: int
    way: Way

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def url(self, path: str) -> str:
        """Where a client without a proxy finds what the gateway calls ``path``."""
        return self.origin + path.removeprefix(self.way.stripped)


@contextmanager
def served(environment: Environment, way: Way, variables: dict[str, str]) -> Iterator[Served]:
    """Serve the shop until the block ends; ``variables`` say where Redis is."""
    env = {**clean_environment(), **variables, "PYTHONPATH": str(environment.code)}
    with kept_port() as port:
        program, *arguments = (each.format(port=port) for each in way.argv)
        argv = [environment.program(program), *arguments]
        with ManagedProcess("shop", argv, env=env, cwd=environment.code) as process:
            running = Served(process, port, way)
            address = f"{running.origin}{way.prefix}/live/readyz"
            process.wait_until(lambda: answers(address), timeout=START_TIMEOUT)
            yield running


@contextmanager
def working(environment: Environment, variables: dict[str, str]) -> Iterator[ManagedProcess]:
    """Run the shop's worker until the block ends."""
    argv = [environment.program("celery"), "-A", "jobs", "worker", "-c", "1", "--loglevel=INFO"]
    env = {**clean_environment(), **variables, "PYTHONPATH": str(environment.code), "C_FORCE_ROOT": "1"}
    lines: list[str] = []
    with ManagedProcess("worker", argv, env=env, cwd=environment.code, on_line=lines.append) as process:
        process.wait_until(lambda: any(" ready." in line for line in lines), timeout=START_TIMEOUT)
        yield process


def answers(address: str) -> bool:
    try:
        return httpx.get(address, timeout=5).status_code == 200
    except httpx.TransportError:
        return False
