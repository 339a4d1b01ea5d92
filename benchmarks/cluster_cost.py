"""What `task.update_state(...)` costs a worker whose journals are on a Redis Cluster, beside one server.

    python -m benchmarks.cluster_cost [--quick] [--json FILE] [--markdown]

The cluster has three masters, each with a replica, the server a replica of its own; all are on this machine.
The rounds are those of `update_cost`: a run of a task that reports its progress many times, and one that
does so five times, as most tasks do. On a cluster the run is registered at another server than its task.
"""

from __future__ import annotations

import sys
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from stack.valkey import Valkey
from tests.support.redis_cluster import redis_cluster

from . import command
from .obtain import python_package
from .report import Report, side_by_side
from .update_cost import Worker, interleave

if TYPE_CHECKING:
    from collections.abc import Iterator

SUMMARY = "a Redis Cluster: worker CPU and wall time per call, as a ratio to one server"

#: What we promise: at most this much of what it costs on one server.
TARGET = 1.3

#: Calls of a task, and what it is called.
TASKS = {"an update of a long task": 60, "an update of a task with five": 5}

ROUNDS, QUICK_ROUNDS = 80, 2

#: Runs before: each master is to know the script.
WARM = 10


@contextmanager
def servers() -> Iterator[tuple[str, str]]:
    """The URLs of the cluster and of the one server, as result backends."""
    with (
        TemporaryDirectory() as folder,
        redis_cluster(Path(folder)) as cluster,
        Valkey() as one,
        Valkey(
            None,
            None,
            *("--replicaof", "127.0.0.1", str(one.port), "--repl-diskless-sync-delay", "0", "--dir", folder),
        ),
    ):
        yield f"taskbeam+{cluster.url()}", f"taskbeam+{one.url()}"


def measure(quick: bool) -> Report:
    """Interleaved rounds of both."""
    rounds = QUICK_ROUNDS if quick else ROUNDS
    figures = []
    with servers() as (cluster, one):
        for case, calls in TASKS.items():
            workers = [Worker.under("cluster", cluster), Worker.under("one server", one)]
            interleave(workers, rounds, calls, warm=WARM)
            for what in ("CPU", "wall"):
                costs = {worker.name: getattr(worker, what.lower()) for worker in workers}
                figures += side_by_side(
                    costs,
                    case=f"{case}: {what}",
                    unit="µs/call",
                    scale=1e6,
                    target=None if quick else TARGET,
                )
    return Report(figures, [", ".join(map(python_package, ("taskbeam", "celery", "redis")))])


if __name__ == "__main__":
    sys.exit(command.run("cluster_cost", SUMMARY, measure))
