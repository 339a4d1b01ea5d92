"""What a feed costs: tasks that have an owner, beside the same tasks without one.

    python -m benchmarks.feed_cost [--quick] [--json FILE] [--markdown]

A process sends tasks that do nothing, and a worker with two processes runs them. Redis is broker and result
backend, and all of its CPU time counts: the script that writes a task's three transitions tells the owner's
feed of them.
"""

from __future__ import annotations

import random
import sys
import time
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass
from typing import Any, Self

import redis

from stack.process import ManagedProcess
from stack.valkey import Valkey
from taskbeam import labelled
from taskbeam.journal.keys import CELERY_PREFIX

from . import command, machine
from .jobs import MEMBER, jobs_app
from .obtain import python_package
from .report import Report, side_by_side

SUMMARY = "feeds: CPU of Redis and of the worker per task, with an owner and without"


#: What we promise: at most this part of what the same task costs Redis without an owner.
TARGET = 1.15

#: Seconds until the tasks must have ended.
PATIENCE = 300.0

PROCESSES = 2

FULL_TASKS, QUICK_TASKS = 800, 50
FULL_ROUNDS, QUICK_ROUNDS = 12, 1

#: Whose the tasks are, by the name of the subject.
OWNERS = {"with an owner": "ada", "without": None}


@dataclass(slots=True)
class Side:
    """A sender, a worker and their Redis."""

    client: redis.Redis
    app: Any
    worker: ManagedProcess

    @classmethod
    def begun(cls, stack: ExitStack) -> Self:
        server = stack.enter_context(Valkey())
        broker, backend = server.url(0), f"taskbeam+{server.url(1)}"
        worker = ManagedProcess(
            "worker", (sys.executable, "-m", "benchmarks.jobs", broker, backend, str(PROCESSES))
        )
        stack.callback(worker.kill)
        client = stack.enter_context(redis.Redis.from_url(server.url(1)))
        return cls(client, jobs_app(broker, backend), worker)

    def run(self, tasks: int, owner: str | None) -> tuple[float, float]:
        """CPU seconds per task of Redis and of the worker."""
        member = self.app.signature(MEMBER)
        redis_before, worker_before = self._redis_seconds(), machine.cpu_seconds(self.worker.pid)
        with labelled(owner=owner) if owner else nullcontext():
            results = [member.apply_async() for _ in range(tasks)]
        for result in results:
            self._wait_for(f"{CELERY_PREFIX}{result.id}")
        worker = machine.cpu_seconds(self.worker.pid) - worker_before
        server = self._redis_seconds() - redis_before
        self.client.flushdb()
        return server / tasks, worker / tasks

    def _redis_seconds(self) -> float:
        used: Any = self.client.info("cpu")
        return float(used["used_cpu_user"]) + float(used["used_cpu_sys"])

    def _wait_for(self, key: str) -> None:
        end = time.monotonic() + PATIENCE
        while not self.client.exists(key):
            self.worker.check()
            if time.monotonic() > end:
                raise TimeoutError("the tasks did not end")
            time.sleep(0.05)


def measure(quick: bool) -> Report:
    """Both take turns on the same server and worker."""
    tasks, rounds = (QUICK_TASKS, QUICK_ROUNDS) if quick else (FULL_TASKS, FULL_ROUNDS)
    costs: dict[str, list[tuple[float, float]]] = {subject: [] for subject in OWNERS}
    with ExitStack() as stack:
        side = Side.begun(stack)
        for owner in OWNERS.values():  # processes, connections, scripts
            side.run(QUICK_TASKS, owner)
        for _ in range(rounds):
            for subject in random.sample(list(OWNERS), k=len(OWNERS)):
                costs[subject].append(side.run(tasks, OWNERS[subject]))
    figures = [
        figure
        for what, place in (("Redis", 0), ("worker", 1))
        for figure in side_by_side(
            {subject: [each[place] for each in rounds] for subject, rounds in costs.items()},
            case=f"{what}, per task",
            unit="µs/task",
            scale=1e6,
            target=None if quick or place else TARGET,
        )
    ]
    return Report(figures, [", ".join(map(python_package, ("taskbeam", "celery", "redis")))])


if __name__ == "__main__":
    sys.exit(command.run("feed_cost", SUMMARY, measure))
