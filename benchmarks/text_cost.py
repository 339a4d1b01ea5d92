"""What a million `write()`s cost, beside a few hundred events that bring the same text.

    python -m benchmarks.text_cost [--quick] [--json FILE] [--markdown]

A task runs in this process as a worker begins it. It writes tokens of five characters one by one; or it sends
all of the same text by 400 calls of `emit`. The end of the task, which waits until all is in Redis, counts,
too. What a call costs the job's own thread stands beside `io.StringIO.write`, which sends nothing.
"""

from __future__ import annotations

import io
import os
import random
import sys
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import redis
from celery import Celery
from celery.signals import task_postrun, task_prerun

from stack.valkey import Valkey
from taskbeam import emit, write
from taskbeam.journal.keys import task_keys

from . import command, machine
from .obtain import python_package
from .report import Figure, Report

if TYPE_CHECKING:
    from collections.abc import Callable

SUMMARY = "text: CPU of a call of write(), and of Redis per million of them beside 400 events"

#: What we promise: of Redis' CPU for 400 events, and of their number.
TARGET = 1.5

TOKEN, EVENTS = "token", 400
FULL_TOKENS, QUICK_TOKENS = 1_000_000, 20_000
FULL_ROUNDS, QUICK_ROUNDS = 5, 1

#: The subjects: ours, the same text by events, and a file that sends nothing.
OURS, BY_EVENTS, FILE = "write()", f"{EVENTS} emit()", "io.StringIO"


def by_write(tokens: int) -> None:
    for _ in range(tokens):
        write(TOKEN)


def by_events(tokens: int) -> None:
    for _ in range(EVENTS):
        emit(TOKEN * (tokens // EVENTS))


def by_file(tokens: int) -> None:
    append = io.StringIO().write
    for _ in range(tokens):
        append(TOKEN)


@dataclass(slots=True)
class Costs:
    """Of each round: CPU seconds of the job's thread, of Redis, and how many events there were."""

    thread: list[float] = field(default_factory=list)
    redis: list[float] = field(default_factory=list)
    events: list[float] = field(default_factory=list)


@dataclass(slots=True)
class Runner:
    """Runs a job as a worker does."""

    task: Any
    server: Valkey
    client: redis.Redis

    def run(self, job: Callable[[int], None], tokens: int, costs: Costs) -> None:
        task, task_id = self.task, str(uuid4())
        told = {"sender": task, "task_id": task_id, "task": task, "args": (), "kwargs": {}}
        task.push_request(id=task_id, task=task.name, args=(), kwargs={}, retries=0, is_eager=False)
        try:
            task_prerun.send(**told)
            server, thread = machine.cpu_seconds(self.server.pid), time.thread_time()
            job(tokens)
            costs.thread.append((time.thread_time() - thread) / tokens)
            task.backend.store_result(task_id, None, "SUCCESS", request=task.request)
            costs.redis.append(machine.cpu_seconds(self.server.pid) - server)
            task_postrun.send(**told, retval=None, state="SUCCESS")
        finally:
            task.pop_request()
        costs.events.append(float(self._events(task_id)))
        self.client.flushdb()

    def _events(self, task_id: str) -> int:
        return int(self.client.hget(task_keys(task_id).head, "seq") or 0)


def measure(quick: bool) -> Report:
    """All take turns."""
    tokens, rounds = (QUICK_TOKENS, QUICK_ROUNDS) if quick else (FULL_TOKENS, FULL_ROUNDS)
    jobs = {OURS: by_write, BY_EVENTS: by_events, FILE: by_file}
    costs = {subject: Costs() for subject in jobs}
    cpus = machine.Cpus.divide()
    with Valkey() as server, redis.Redis.from_url(server.url(1)) as client:
        machine.pin(os.getpid(), cpus.measured)
        machine.pin(server.pid, cpus.rest)
        options = {"output_bytes": 2 * tokens * len(TOKEN), "limit": 10_000, "limit_bytes": 1 << 30}
        app = Celery("texts", broker="memory://", backend=f"taskbeam+{server.url(1)}", set_as_current=False)
        app.conf.taskbeam_options = options
        runner = Runner(app.task(name="texts.write")(by_file), server, client)
        for job in jobs.values():  # connections, scripts
            runner.run(job, QUICK_TOKENS, Costs())
        for _ in range(rounds):
            for subject in random.sample(list(jobs), k=len(jobs)):
                runner.run(jobs[subject], tokens, costs[subject])
    target = None if quick else TARGET
    figures = [
        *_compare(costs, "one call", "ns/call", 1e9, "thread", FILE, None),
        *_compare(costs, f"{tokens:,} tokens, Redis", "ms", 1e3, "redis", BY_EVENTS, target),
        *_compare(costs, f"{tokens:,} tokens, events", "events", 1, "events", BY_EVENTS, target),
    ]
    return Report(figures, [", ".join(map(python_package, ("taskbeam", "celery", "redis")))])


def _compare(
    costs: dict[str, Costs], case: str, unit: str, scale: float, what: str, peer: str, target: float | None
) -> list[Figure]:
    ours = getattr(costs[OURS], what)
    return [
        Figure.of_rounds(
            rounds=getattr(costs[subject], what),
            scale=scale,
            ours_in_them=ours,
            case=case,
            subject=subject,
            unit=unit,
            ours=subject == OURS,
            target=None if subject == OURS else target,
        )
        for subject in (OURS, peer)
    ]


if __name__ == "__main__":
    sys.exit(command.run("text_cost", SUMMARY, measure))
