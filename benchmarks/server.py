"""The servers of one case, started side by side."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stack.ports import free_port
from stack.process import ManagedProcess
from stack.readiness import UrlAnswers

from .machine import cpu_seconds, pin

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .recipes.recipe import Recipe

START_TIMEOUT = 30.0  # seconds
START_INTERVAL = 0.1


@dataclass(frozen=True, slots=True)
class Server:
    """A recipe's server that runs on a port of this machine."""

    recipe: Recipe
    port: int
    process: ManagedProcess

    @property
    def cpu_seconds(self) -> float:
        """What it has used so far, its children included."""
        return cpu_seconds(self.process.pid)


@contextmanager
def serving(recipes: Sequence[Recipe], redis_port: int, cpus: frozenset[int]) -> Iterator[list[Server]]:
    """Start all servers on these CPUs; they are ready inside, and stopped afterwards."""
    with ExitStack() as stack:
        servers = []
        for recipe in recipes:
            port = free_port()
            process = ManagedProcess(recipe.name, recipe.argv(port), env=recipe.environment(port, redis_port))
            stack.callback(process.kill)
            pin(process.pid, cpus)
            servers.append(Server(recipe, port, process))
        for server in servers:
            answers = UrlAnswers(f"http://127.0.0.1:{server.port}{server.recipe.ready}")
            server.process.wait_until(answers, START_TIMEOUT, interval=START_INTERVAL)
        yield servers
