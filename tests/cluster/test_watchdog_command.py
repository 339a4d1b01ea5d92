"""`taskbeam watchdog` on a cluster: it tells the end of a run at whichever master has its task."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING
from uuid import uuid4

from stack.process import ManagedProcess
from taskbeam.journal.control_keys import CLUSTER
from taskbeam.journal.entry import Registration
from taskbeam.presence.row import Row
from tests.cli.running import clean
from tests.support.gateway import ROOT
from tests.support.waiting import wait_until
from tests.support.warm.programs import warm

if TYPE_CHECKING:
    from tests.support.redis_cluster import Cluster

    from .journals import Journals


def test_runs_whose_worker_is_gone_are_lost_at_each_master(cluster: Cluster, journals: Journals) -> None:
    worker = f"gone:1:{uuid4().hex[:8]}"
    tasks = [journals.task(at) for at in cluster.masters]
    for task in tasks:
        row = Row(task.id, False, task.id).encode()
        registration = Registration(runs_key=CLUSTER.runs(worker), row=row)
        task.append(0, state="STARTED", run=task.id, registration=registration)
    journals.writer.collect()
    cluster.owner(CLUSTER.workers).client.zadd(CLUSTER.workers, {worker: 0})
    env = clean(
        result_backend="taskbeam+" + cluster.url(),
        broker_url="memory://",
        watchdog_interval="0.1",
        lost_after="0.1",
    )
    command = [sys.executable, "-m", "taskbeam", "watchdog"]
    with ManagedProcess("watchdog", command, env=env, cwd=ROOT, start=warm) as process:
        ends = [["STARTED", "STALLED", "LOST"]] * len(tasks)
        wait_until(lambda: [task.states() for task in tasks] == ends, lambda: process.output)
