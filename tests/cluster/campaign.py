"""Clients follow tasks on a cluster whose slots move and whose masters go: each ends with its journal.

    python -m tests.cluster.campaign [--tasks N] [--seed S]

Three clients follow each of 200 tasks, by WebSocket, event stream and long-polling, while slots are moved
there and back, a replica is promoted as its operator does it, and another master is killed and started again.
A new master may lack what the old one had taken last, so whoever follows its journals is told of a gap, and
the killed one's may have lost something. Every other client hears each event once, in order, and of no gap.
Exits with 1 if that is not so.
"""

from __future__ import annotations

import argparse
import random
import sys
import threading
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from stack.valkey import Valkey
from tests.faults.account import Id
from tests.faults.clients.audience import Audience
from tests.faults.clients.client import TRANSPORTS
from tests.support.gateway import gateway
from tests.support.redis_cluster import redis_cluster
from tests.support.waiting import DEADLINE, wait_until

from .journals import Journals, Task

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.faults.account import Account
    from tests.support.redis_cluster import Cluster

TASKS = 200

#: Slots that are moved there and back, and seconds from one event of a task to the next.
MOVED, PAUSE = 20, 0.5

#: Milliseconds after which a master that does not answer is replaced.
NODE_TIMEOUT = 500

#: What becomes of a master.
KEPT, REPLACED, KILLED = "kept", "replaced", "killed"

#: All clients come from one address.
SETTINGS: dict[str, Any] = {
    "max_connections_per_address": 10_000,
    "max_connections_per_identity": 10_000,
    "heartbeat": 2,
    "redis_timeout": 5,
}


def main() -> int:
    """Run the campaign."""
    parser = argparse.ArgumentParser(prog="python -m tests.cluster.campaign", description=__doc__)
    parser.add_argument("--tasks", type=int, default=TASKS, metavar="N")
    parser.add_argument("--seed", type=int, default=random.randrange(1_000_000), metavar="S")
    options = parser.parse_args()
    with (
        TemporaryDirectory(prefix="cluster-") as folder,
        redis_cluster(Path(folder), NODE_TIMEOUT) as cluster,
        Valkey() as broker,
        gateway(
            "", broker_url=broker.url(), result_backend=f"taskbeam+{cluster.url()}", **SETTINGS
        ) as served,
    ):
        journals = Journals(cluster)
        tasks = [journals.task() for _ in range(options.tasks)]
        with Audience([served.port], seed=options.seed) as audience:
            masters = follow_through(cluster, tasks, audience)
            met = {transport: Counter[str]() for transport in TRANSPORTS}
            for task in tasks:
                journal = [Id.parse(str(event)) for event in task.ids()]
                for account in (each for each in audience.accounts if each.task_id == task.id):
                    met[account.transport] += judged(account, journal, masters.get(task, KEPT))
        journals.close()
    print("| transport | clients | events | gaps, new master | lost with a master | broken |")
    print("|---|---|---|---|---|---|")
    for transport, found in met.items():
        cells = (found[name] for name in ("clients", "events", "gaps", "lost", "broken"))
        print(f"| {transport} | {' | '.join(map(str, cells))} |")
    broken = sum(found["broken"] for found in met.values())
    print(f"\n{f'{broken} clients were not told what is so' if broken else 'Nothing was broken.'}")
    return int(broken > 0)


def follow_through(cluster: Cluster, tasks: Sequence[Task], audience: Audience) -> dict[Task, str]:
    """Let clients follow the tasks to their ends; returns what became of whose master."""
    for task in tasks:
        task.append(0)
        for transport in TRANSPORTS:
            audience.follow(task.id, transport)
    wait_until(lambda: all(account.heard for account in audience.accounts), lambda: "clients", DEADLINE)
    over = threading.Event()
    writer = threading.Thread(target=write, args=(tasks, over))
    writer.start()
    try:
        masters = disturb(cluster, tasks)
    finally:
        over.set()
        writer.join()
    wait_until(lambda: audience.over, lambda: "the end of each client", DEADLINE)
    return masters


def write(tasks: Sequence[Task], over: threading.Event) -> None:
    """All tasks go on until it is over, and end."""
    number = 0
    while not over.wait(PAUSE):
        number += 1
        for task in tasks:
            task.post(number)
    for task in tasks:
        task.append(number + 1, state="SUCCESS", final=True)


def disturb(cluster: Cluster, tasks: Sequence[Task]) -> dict[Task, str]:
    """Do to the cluster what is done to it; returns what became of whose master."""
    for task in tasks[:MOVED]:
        home = task.owner()
        cluster.move(task.slot, next(node for node in cluster.masters if node is not home))
        cluster.move(task.slot, home)
    killed, replaced = cluster.masters[:2]
    becomes = {killed: KILLED, replaced: REPLACED}
    masters = {task: becomes[owner] for task in tasks if (owner := task.owner()) in becomes}
    promoted = cluster.replicas[1]
    promoted.ask("FAILOVER")
    wait_until(promoted.is_master, lambda: "a promoted replica")
    cluster.until_whole()
    killed.server.kill()
    wait_until(cluster.replicas[0].is_master, lambda: "a master in its place")
    killed.server.start()
    cluster.until_whole()
    return masters


def judged(account: Account, journal: Sequence[Id], master: str) -> Counter[str]:
    """What a client was told, beside the journal, whose master was kept, replaced or killed."""
    told = [heard.id for heard in account.heard if not heard.gap]
    gaps = len(account.heard) - len(told)
    kept = set(journal)
    lost = [event for event in told if event not in kept]
    is_whole = [event for event in told if event in kept] == list(journal)
    right = is_whole and not account.error
    right = right and (not lost or master == KILLED) and (not gaps or master != KEPT)
    return Counter(
        {
            "clients": 1,
            "events": len(told),
            "gaps": gaps,
            "lost": len(lost),
            "broken": int(not right),
        }
    )


if __name__ == "__main__":
    sys.exit(main())
