"""The servers of one case, started side by side."""

from __future__ import annotations

import os
import tempfile
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from stack.ports import kept_port, listeners
from stack.process import ManagedProcess
from stack.valkey import Valkey

from . import machine
from .recipes.recipe import Site

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .recipes.recipe import Recipe

START_TIMEOUT = 180.0  # seconds
START_INTERVAL = 0.1


@dataclass(frozen=True, slots=True)
class Server:
    """A recipe's server that runs on a port of this machine, in as many processes as the recipe says."""

    recipe: Recipe
    site: Site
    processes: Sequence[ManagedProcess]
    redis: Valkey

    @property
    def port(self) -> int:
        return self.site.port

    @property
    def cpu_seconds(self) -> float:
        """What it has used so far, its children included."""
        return sum(machine.cpu_seconds(process.pid) for process in self.processes)

    @property
    def redis_cpu_seconds(self) -> float:
        """What its Redis has used so far."""
        return machine.cpu_seconds(self.redis.pid)

    @property
    def memory(self) -> int:
        """Bytes that it has now, its children included."""
        return sum(machine.memory(process.pid) for process in self.processes)

    def is_ready(self) -> bool:
        """Whether it serves, and each of its processes listens."""
        if not self.recipe.is_ready(self.site):
            return False
        return len(self.processes) == 1 or listeners(self.port) == len(self.processes)


@contextmanager
def staged(recipes: Sequence[Recipe]) -> Iterator[list[Server]]:
    """Start the servers with one Redis for them all; they have a CPU of their own where there are two."""
    machine.allow_many_sockets()
    cpus = machine.Cpus.divide()
    machine.pin(os.getpid(), cpus.rest)
    with Valkey() as valkey, serving(recipes, valkey, cpus.measured) as servers:
        machine.pin(valkey.pid, cpus.rest)
        yield servers


@contextmanager
def serving(recipes: Sequence[Recipe], redis: Valkey, cpus: frozenset[int]) -> Iterator[list[Server]]:
    """Start all servers on these CPUs; they are ready inside, and stopped afterwards."""
    with ExitStack() as stack:
        servers = []
        for recipe in recipes:
            home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
            site = Site(stack.enter_context(kept_port()), redis.port, home)
            servers.append(Server(recipe, site, _started(recipe, site, cpus, stack), redis))
        for server in servers:
            for process in server.processes:
                process.wait_until(server.is_ready, START_TIMEOUT, interval=START_INTERVAL)
                # Once more, for children and threads that came before the first call.
                machine.pin(process.pid, cpus)
        yield servers


def _started(recipe: Recipe, site: Site, cpus: frozenset[int], stack: ExitStack) -> list[ManagedProcess]:
    processes = []
    for _ in range(recipe.processes):
        process = ManagedProcess(recipe.name, recipe.argv(site), env=recipe.environment(site))
        stack.callback(process.kill)
        machine.pin(process.pid, cpus)
        processes.append(process)
    return processes
