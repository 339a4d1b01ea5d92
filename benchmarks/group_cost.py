"""What a large group costs: one of 10,000 tasks beside groups of 100, as many tasks in all.

    python -m benchmarks.group_cost [--quick] [--json FILE] [--markdown]

A process sends the groups, and a worker with two processes runs them. The Redis with the results has nothing
else: it stores the results, writes the journals, and tells each transition to the feeds of group and tree.
Counted are its CPU time per task, and the bytes that a group's feed takes. Each group's last roll-up must be
exact.
"""

from __future__ import annotations

import json
import random
import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, Self, cast

import redis
from celery import group

from stack.process import ManagedProcess
from stack.valkey import Valkey
from taskbeam.journal.events import Record
from taskbeam.journal.feeds.names import feed_keys
from taskbeam.journal.keys import CELERY_PREFIX

from . import command, machine
from .jobs import MEMBER, jobs_app
from .obtain import python_package
from .report import Report, side_by_side

SUMMARY = "groups: CPU of Redis per task and bytes per member, of a large group and of small ones"

if TYPE_CHECKING:
    from taskbeam.journal.keys import TaskKeys

#: What we promise: at most this part of what a task of a small group costs.
TARGET = 1.15

#: Seconds until the groups must have ended.
PATIENCE = 900.0

PROCESSES = 2

#: Tasks of the large group and of each small one.
FULL_SIZES, QUICK_SIZES = (10_000, 100), (60, 20)
FULL_ROUNDS, QUICK_ROUNDS = 3, 1

#: What a feed keeps of each member, whatever it has said; the log is bounded by itself.
ROWS = ("head", "order", "ended")


class Cost(NamedTuple):
    """CPU seconds of Redis and of the worker per task; bytes of a group's feed per member, and of its log."""

    redis: float
    worker: float
    rows: float
    log: float


@dataclass(slots=True)
class Side:
    """A sender, a worker, and the Redis that has the results."""

    client: redis.Redis
    app: Any
    worker: ManagedProcess

    @classmethod
    def begun(cls, stack: ExitStack) -> Self:
        broker, results = stack.enter_context(Valkey()), stack.enter_context(Valkey())
        backend = f"taskbeam+{results.url()}"
        argv = (sys.executable, "-m", "benchmarks.jobs", broker.url(), backend, str(PROCESSES))
        worker = ManagedProcess("worker", argv)
        stack.callback(worker.kill)
        client = stack.enter_context(redis.Redis.from_url(results.url()))
        return cls(client, jobs_app(broker.url(), backend), worker)

    def run(self, groups: int, size: int) -> Cost:
        """So many groups of this size; raises `RuntimeError` where one counts wrong."""
        member = self.app.signature(MEMBER)
        redis_before, worker_before = self._redis_seconds(), machine.cpu_seconds(self.worker.pid)
        sent = [group(member for _ in range(size)).apply_async() for _ in range(groups)]
        feeds = [feed_keys(f"group:{each.id}", CELERY_PREFIX) for each in sent]
        for feed in feeds:
            self._wait_for(feed, size)
        worker = machine.cpu_seconds(self.worker.pid) - worker_before
        server = self._redis_seconds() - redis_before
        tasks = groups * size
        rows = sum(self._bytes(feed, part) for feed in feeds for part in ROWS)
        log = sum(self._bytes(feed, "log") for feed in feeds)
        self.client.flushdb()
        return Cost(server / tasks, worker / tasks, rows / tasks, log / tasks)

    def _redis_seconds(self) -> float:
        used: Any = self.client.info("cpu")
        return float(used["used_cpu_user"]) + float(used["used_cpu_sys"])

    def _bytes(self, feed: TaskKeys, part: str) -> int:
        used: Any = self.client.memory_usage(feed.head.removesuffix("head") + part, samples=0)
        return int(used or 0)

    def _wait_for(self, feed: TaskKeys, size: int) -> None:
        end = time.monotonic() + PATIENCE
        while True:
            newest = cast("bytes | None", self.client.lindex(feed.log, -1))
            if newest is not None and Record.parse(newest).final:
                break
            self.worker.check()
            if time.monotonic() > end:
                raise TimeoutError("a group did not end")
            time.sleep(0.2)
        rollup = json.loads(Record.parse(newest).body)["rollup"]
        exact = {"total": size, "size": size, "open": 0, "done": {"SUCCESS": size}, "permille": 1000}
        if {name: rollup.get(name) for name in exact} != exact:
            raise RuntimeError(f"a group of {size} counts {rollup}")


def measure(quick: bool) -> Report:
    """Both take turns on the same server and worker."""
    sizes, rounds = (QUICK_SIZES, QUICK_ROUNDS) if quick else (FULL_SIZES, FULL_ROUNDS)
    large, small = sizes
    costs: dict[int, list[Cost]] = {size: [] for size in sizes}
    with ExitStack() as stack:
        side = Side.begun(stack)
        side.run(1, small)  # processes, connections, scripts
        for _ in range(rounds):
            for size in random.sample(sizes, k=2):
                costs[size].append(side.run(large // size, size))
    measured = (
        ("CPU of Redis", "µs/task", 1e6, None if quick else TARGET),
        ("CPU of the worker", "µs/task", 1e6, None),
        ("rows of the group's feed", "B/member", 1.0, None),
        ("log of the group's feed", "B/member", 1.0, None),
    )
    figures = [
        figure
        for place, (case, unit, scale, target) in enumerate(measured)
        for figure in side_by_side(
            {
                f"{group} of {size:,}": [each[place] for each in costs[size]]
                for group, size in zip(("a group", "groups"), sizes, strict=True)
            },
            case=case,
            unit=unit,
            scale=scale,
            target=target,
        )
    ]
    return Report(figures, [", ".join(map(python_package, ("taskbeam", "celery", "redis")))])


if __name__ == "__main__":
    sys.exit(command.run("group_cost", SUMMARY, measure))
