"""What it costs a service to wait for tasks: `aresult` in one event loop, beside Celery's `get` in threads.

    python -m benchmarks.await_cost [--quick] [--json FILE] [--markdown]

Tasks are sent, a process begins to wait for all of them, and then a worker runs them. What counts is the CPU
time of the process that waits, and for many waits its memory: what it has grown by when all of them wait.
`get` waits on Celery's own Redis backend, in a thread for each task.
"""

from __future__ import annotations

import random
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import psutil
import redis

from stack.process import ManagedProcess
from stack.valkey import Valkey

from . import command
from .jobs import MEMBER, jobs_app
from .obtain import python_package
from .report import Figure, Report

if TYPE_CHECKING:
    from collections.abc import Iterator

SUMMARY = "waiting for results: CPU of an asyncio service, and of one with a thread for each wait"

#: What we promise: at most this part of what as many threads cost.
TARGET = 0.2

FULL_TASKS, QUICK_TASKS = 500, 20
FULL_ROUNDS, QUICK_ROUNDS = 3, 1

#: Waits whose memory is told.
FULL_MANY, QUICK_MANY = 5000, 50

PROCESSES = 2

#: Seconds without another thread or connection, after which all are there.
SETTLE = 2.0

#: Where the results are, by the way to wait for them.
BACKENDS = {"aresult": "taskbeam+{}", "threads": "{}"}


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one process that waited: CPU seconds, and what it had open and had grown by (bytes) meanwhile."""

    seconds: float
    threads: int
    connections: int
    grown: int


def waited(server: Valkey, way: str, tasks: int) -> Cost:
    """Wait for so many tasks in a new process."""
    broker, backend = server.url(0), BACKENDS[way].format(server.url(1))
    with redis.Redis.from_url(server.url()) as client:
        client.flushall()
    app = jobs_app(broker, backend)
    member = app.signature(MEMBER)
    ids = [member.apply_async().id for _ in range(tasks)]
    argv = (sys.executable, "-m", "benchmarks.awaiting", way, broker, backend)
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write("\n".join(ids))
        process.stdin.close()
        word, memory = process.stdout.readline().split()
        assert word == "waiting"
        waiting = psutil.Process(process.pid)
        threads, connections = _settled(waiting)
        grown = waiting.memory_info().rss - int(memory)
        with _worker(broker, backend):
            seconds = float(process.stdout.readline())
    app.close()
    return Cost(seconds, threads, connections, grown)


def _settled(process: psutil.Process) -> tuple[int, int]:
    """How many threads and connections it has, once it makes no more."""
    found, before = (0, 0), (-1, -1)
    while found != before:
        time.sleep(SETTLE)
        before, found = found, (process.num_threads(), len(process.net_connections("tcp")))
    return found


@contextmanager
def _worker(broker: str, backend: str) -> Iterator[None]:
    argv = (sys.executable, "-m", "benchmarks.jobs", broker, backend, str(PROCESSES))
    worker = ManagedProcess("worker", argv)
    try:
        yield
    finally:
        worker.kill()


def measure(quick: bool) -> Report:
    """Both take turns on the same server."""
    tasks, rounds = (QUICK_TASKS, QUICK_ROUNDS) if quick else (FULL_TASKS, FULL_ROUNDS)
    found: dict[str, list[Cost]] = {way: [] for way in BACKENDS}
    with ExitStack() as stack:
        server = stack.enter_context(Valkey())
        for _ in range(rounds):
            for way in random.sample(list(BACKENDS), k=len(BACKENDS)):
                command.progress(way)
                found[way].append(waited(server, way, tasks))
        command.progress("memory")
        many = QUICK_MANY if quick else FULL_MANY
        crowd = waited(server, "aresult", many)
    seconds = {way: [each.seconds / tasks for each in costs] for way, costs in found.items()}
    ours = seconds["aresult"]
    figures = [
        Figure.of_rounds(
            rounds=seconds[way],
            scale=1e6,
            ours_in_them=ours,
            case=f"{tasks} waits",
            subject=way,
            unit="µs/wait",
            ours=way == "aresult",
            target=None if quick or way == "aresult" else TARGET,
        )
        for way in BACKENDS
    ]
    figures.append(
        Figure(case=f"{many} waits", subject="aresult", value=crowd.grown / 2**20, unit="MiB", ours=True)
    )
    notes = [
        f"{way}: {cost.threads} threads, {cost.connections} connections, {cost.grown / 2**20:.0f} MiB more"
        for way, cost in [*((way, costs[-1]) for way, costs in found.items()), (f"{many} × aresult", crowd)]
    ]
    return Report(figures, [*notes, ", ".join(map(python_package, ("taskbeam", "celery", "redis")))])


if __name__ == "__main__":
    sys.exit(command.run("await_cost", SUMMARY, measure))
