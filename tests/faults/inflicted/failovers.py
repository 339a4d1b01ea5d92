"""Another server takes the place of the one that had the results, with what it has heard of them."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import redis

from tests.faults.fault import Fault
from tests.faults.plan import Plan
from tests.faults.servers import MASTER
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.faults.clients.audience import Audience
    from tests.faults.stage import Stage


@contextmanager
def promoted(stage: Stage, _: Audience) -> Iterator[None]:
    """The master dies; what is on its way to the replica is lost; an operator promotes that."""
    time.sleep(2 * LAG)  # until the replica knows of each task
    stage.servers.results.kill()
    stage.servers.replication_line.cut()
    with redis.Redis.from_url(stage.servers.replica.url()) as client:
        client.replicaof("NO", "ONE")
    yield
    stage.servers.results = stage.servers.replica
    for line in (stage.servers.gateways_line, stage.servers.workers_line):
        line.behind = stage.servers.replica.port


@contextmanager
def failed_over(stage: Stage, _: Audience) -> Iterator[None]:
    """The master dies; Sentinel sees it, and promotes the replica."""
    stage.servers.results.kill()
    with redis.Redis(port=stage.servers.sentinel) as client:
        wait_until(lambda: client.sentinel_master(MASTER)["port"] == stage.servers.replica.port)
    yield
    stage.servers.results = stage.servers.replica


#: Seconds that the replica is behind.
LAG = 2.0

_FORGOTTEN = frozenset({"gaps"})

FAULTS = (
    Fault(
        name="replica promoted, with lag",
        what="Redis dies, and a replica that is two seconds behind takes its place",
        inflict=promoted,
        plan=Plan(lag=LAG),
        may=_FORGOTTEN | {"untrue"},  # as after a snapshot
    ),
    Fault(
        name="Sentinel failover",
        what="Redis dies, and Sentinel promotes its replica",
        inflict=failed_over,
        plan=Plan(lag=0.0, sentinel=True),
        may=_FORGOTTEN,
    ),
)
