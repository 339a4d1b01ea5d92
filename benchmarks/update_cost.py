"""What `task.update_state(...)` costs a worker, through our backend and through stock Celery's.

    python -m benchmarks.update_cost [--quick] [--json FILE] [--markdown]

Both write to one Valkey from one process, in rounds whose order is shuffled. A round is a run of a
task: its request is pushed and `task_prerun` sent as a worker does, it reports its progress, and its result
is stored. Through our backend it does so as a task without labels, and as one that has an owner.
"""

from __future__ import annotations

import gc
import os
import random
import sys
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from celery import Celery
from celery.signals import task_postrun, task_prerun

from stack.valkey import Valkey
from taskbeam.journal.labels import HEADER, Labels
from taskbeam.presence.presence import presence

from . import command, machine
from .obtain import python_package
from .report import Figure, Report

if TYPE_CHECKING:
    from collections.abc import Sequence

SUMMARY = "update_state: worker CPU and wall time per call, as a ratio to stock Celery's Redis backend"

#: What we promise: at most this part of stock Celery's cost.
TARGET = 0.45

ROUNDS, CALLS = 60, 60
QUICK_ROUNDS, QUICK_CALLS = 3, 5


@dataclass(slots=True)
class Worker:
    """A task under one result backend, and the seconds per call of each round."""

    name: str
    task: Any
    headers: dict[str, Any] = field(default_factory=dict)
    cpu: list[float] = field(default_factory=list)
    wall: list[float] = field(default_factory=list)

    @classmethod
    def under(cls, name: str, result_backend: str, owner: str | None = None) -> Worker:
        """Define the task in an application of its own."""
        app = Celery(name, broker="memory://", backend=result_backend, set_as_current=False)
        headers = {HEADER: Labels(owner=owner).header()} if owner else {}
        return cls(name, app.task(name="reports.generate", bind=True)(_report), headers)

    def measure(self, calls: int) -> None:
        """Run the task once, and note what its calls cost."""
        task, task_id = self.task, str(uuid4())
        told = {"sender": task, "task_id": task_id, "task": task, "args": (), "kwargs": {}}
        request = {"id": task_id, "task": task.name, "args": (), "kwargs": {}, "headers": self.headers}
        task.push_request(**request, retries=0, is_eager=False)
        try:
            task_prerun.send(**told)
            gc.collect()
            cpu, wall = time.process_time(), time.perf_counter()
            task.run(calls)
            # What was sent without waiting is answered by now, on either side.
            task.backend.store_result(task_id, None, "SUCCESS", request=task.request)
            self.cpu.append((time.process_time() - cpu) / calls)
            self.wall.append((time.perf_counter() - wall) / calls)
            task_postrun.send(**told, retval=None, state="SUCCESS")
        finally:
            task.pop_request()


def _report(self: Any, calls: int) -> None:
    for current in range(calls):
        meta = {"current": current, "total": calls, "message": "Rendering charts"}
        self.update_state(state="PROGRESS", meta=meta)


def interleave(workers: Sequence[Worker], rounds: int, calls: int, warm: int = 1) -> None:
    """Let all take turns, in an order that is shuffled; ``warm``: runs of each before, which do not count."""
    presence.stay()  # a worker's lease outlives its tasks
    try:
        for worker in workers:  # connections, caches
            for _ in range(warm):
                worker.measure(calls)
            worker.cpu.clear()
            worker.wall.clear()
        for _ in range(rounds):
            for worker in random.sample(workers, k=len(workers)):
                worker.measure(calls)
    finally:
        presence.end()


def measure(quick: bool) -> Report:
    """Interleaved rounds of both."""
    rounds, calls = (QUICK_ROUNDS, QUICK_CALLS) if quick else (ROUNDS, CALLS)
    cpus = machine.Cpus.divide()
    with Valkey() as valkey:
        machine.pin(os.getpid(), cpus.measured)  # the server with it, which then goes elsewhere
        machine.pin(valkey.pid, cpus.rest)
        ours = Worker.under("taskbeam", f"taskbeam+{valkey.url(1)}")
        owned = Worker.under("taskbeam", f"taskbeam+{valkey.url(1)}", "ada")
        stock = Worker.under("celery", valkey.url(2))
        interleave([ours, owned, stock], rounds, calls)
    target = None if quick else TARGET
    figures = [
        *_figures("CPU", ours, ours.cpu, stock, stock.cpu, target),
        *_figures("wall time", ours, ours.wall, stock, stock.wall, target),
        *_figures("CPU, with an owner", owned, owned.cpu, stock, stock.cpu, target),
        *_figures("wall time, with an owner", owned, owned.wall, stock, stock.wall, target),
    ]
    return Report(figures, [", ".join(map(python_package, ("taskbeam", "celery", "redis")))])


def _figures(
    case: str,
    ours: Worker,
    our_rounds: Sequence[float],
    stock: Worker,
    stock_rounds: Sequence[float],
    target: float | None,
) -> list[Figure]:
    return [
        Figure.of_rounds(
            rounds=rounds,
            scale=1e6,
            ours_in_them=our_rounds,
            case=case,
            subject=worker.name,
            unit="µs/call",
            ours=worker is ours,
            target=None if worker is ours else target,
        )
        for worker, rounds in ((ours, our_rounds), (stock, stock_rounds))
    ]


if __name__ == "__main__":
    sys.exit(command.run("update_cost", SUMMARY, measure))
