"""What groups one behind the other cost through our backend, and through stock Celery's.

    python -m benchmarks.canvas_cost [--quick] [--json FILE] [--markdown]

A process sends the canvas, and a worker with two processes runs it. Celery's messages grow with the square of
a group, for each carries all that follows; here it is counted what telling of it adds to that: CPU time of
the sender and the worker, what is called in Redis, and what is sent to it.
"""

from __future__ import annotations

import random
import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Self

import redis
from celery import chain, group

from stack.process import ManagedProcess
from stack.valkey import Valkey

from . import command, machine
from .jobs import MEMBER, jobs_app
from .obtain import python_package
from .report import Figure, Report, side_by_side

SUMMARY = "canvases of groups: CPU, calls and bytes per task, as a ratio to stock Celery's Redis backend"


#: What we promise: at most these parts of stock Celery's cost.
CPU_TARGET, CALLS_TARGET = 1.1, 3.0

#: Seconds until a canvas must have ended.
PATIENCE = 300.0

PROCESSES = 2


class Case(NamedTuple):
    """``groups`` of ``width`` tasks each, and one task behind the last."""

    groups: int
    width: int

    @property
    def name(self) -> str:
        return f"{self.groups} groups of {self.width}, one behind the other"

    @property
    def tasks(self) -> int:
        return self.groups * self.width + 1


FULL, QUICK = (Case(20, 25), Case(10, 50), Case(2, 400)), (Case(2, 10), Case(3, 5))
FULL_ROUNDS, QUICK_ROUNDS = 5, 1

#: How often all processes begin anew: new ones alone move a ratio by a few hundredths.
FULL_STARTS, QUICK_STARTS = 5, 1


@dataclass(slots=True)
class Costs:
    """Per task, of each round."""

    cpu: list[float] = field(default_factory=list)
    calls: list[float] = field(default_factory=list)
    sent: list[float] = field(default_factory=list)

    def add(self, case: Case, cpu: float, calls: float, sent: float) -> None:
        """Of a canvas as a whole."""
        self.cpu.append(cpu / case.tasks)
        self.calls.append(calls / case.tasks)
        self.sent.append(sent / case.tasks)


@dataclass(slots=True)
class Side:
    """Senders and workers under one result backend, and the Redis that has the results and nothing else."""

    name: str
    results: redis.Redis
    app: Any
    worker: ManagedProcess
    #: What is one write: stock stores a result with SETEX, and its chords have scripts.
    writes: tuple[str, ...]

    @classmethod
    def under(cls, stack: ExitStack, name: str, scheme: str, writes: tuple[str, ...]) -> Self:
        broker, results = stack.enter_context(Valkey()), stack.enter_context(Valkey())
        backend = f"{scheme}{results.url()}"
        argv = (sys.executable, "-m", "benchmarks.jobs", broker.url(), backend, str(PROCESSES))
        worker = ManagedProcess("worker", argv)
        stack.callback(worker.kill)
        client = stack.enter_context(redis.Redis.from_url(results.url()))
        side = cls(name, client, jobs_app(broker.url(), backend), worker, writes)
        stack.callback(side.close)
        return side

    def close(self) -> None:
        """Stop listening for results; else those that are collected later look for the Redis that is gone."""
        consumer = self.app.backend.result_consumer
        consumer.stop()
        consumer._pubsub = None

    def run(self, case: Case) -> tuple[float, float, float]:
        """CPU seconds, writes and bytes that the canvas took."""
        member = self.app.signature(MEMBER, immutable=True)
        groups = [group(member for _ in range(case.width)) for _ in range(case.groups)]
        canvas = chain(*groups, member, app=self.app)
        before, stats = machine.cpu_seconds(self.worker.pid), self._stats()
        began = time.process_time()
        last = canvas.apply_async()
        sending = time.process_time() - began
        self._wait_for(f"celery-task-meta-{last.id}")
        cpu = sending + machine.cpu_seconds(self.worker.pid) - before
        calls, sent = (after - earlier for after, earlier in zip(self._stats(), stats, strict=True))
        self.results.flushall()
        return cpu, calls, sent

    def _wait_for(self, key: str) -> None:
        end = time.monotonic() + PATIENCE
        while not self.results.exists(key):
            self.worker.check()
            if time.monotonic() > end:
                raise TimeoutError("the canvas did not end")
            time.sleep(0.05)

    def _stats(self) -> tuple[int, int]:
        commands: Any = self.results.info("commandstats")
        traffic: Any = self.results.info("stats")
        calls = sum(commands.get(f"cmdstat_{name}", {"calls": 0})["calls"] for name in self.writes)
        return calls, traffic["total_net_input_bytes"]


def measure(quick: bool) -> Report:
    """Both take turns."""
    cases, rounds, starts = (QUICK, QUICK_ROUNDS, QUICK_STARTS) if quick else (FULL, FULL_ROUNDS, FULL_STARTS)
    costs = {case: {"taskbeam": Costs(), "celery": Costs()} for case in cases}
    for start in range(1, starts + 1):
        with ExitStack() as stack:
            ours = Side.under(stack, "taskbeam", "taskbeam+", ("evalsha",))
            stock = Side.under(stack, "celery", "", ("setex", "evalsha"))
            sides = [ours, stock]
            for side in sides:  # processes, connections, caches
                side.run(QUICK[0])
            for case in cases:
                command.progress(f"{case.name}, start {start} of {starts}")
                for _ in range(rounds):
                    for side in random.sample(sides, k=len(sides)):
                        costs[case][side.name].add(case, *side.run(case))
    figures = [figure for case in cases for figure in _figures(case.name, **costs[case], judged=not quick)]
    return Report(figures, [", ".join(map(python_package, ("taskbeam", "celery", "redis")))])


def _figures(case: str, taskbeam: Costs, celery: Costs, *, judged: bool) -> list[Figure]:
    measured = (
        ("CPU", "ms/task", 1e3, CPU_TARGET, taskbeam.cpu, celery.cpu),
        ("writes", "calls/task", 1, CALLS_TARGET, taskbeam.calls, celery.calls),
        ("sent to Redis", "KiB/task", 1 / 1024, None, taskbeam.sent, celery.sent),
    )
    return [
        figure
        for what, unit, scale, target, mine, theirs in measured
        for figure in side_by_side(
            {"taskbeam": mine, "celery": theirs},
            case=f"{case}, {what}",
            unit=unit,
            scale=scale,
            target=target if judged else None,
        )
    ]


if __name__ == "__main__":
    sys.exit(command.run("canvas_cost", SUMMARY, measure))
