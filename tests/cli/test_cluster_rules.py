"""What the doctor thinks of a Redis Cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from taskbeam.cli.checks.cluster_facts import ClusterFacts, MasterFacts
from taskbeam.cli.checks.cluster_rules import about_cluster
from taskbeam.cli.checks.finding import Level
from taskbeam.cluster.slot_map import SLOTS, Address

from .findings import amiss, words

if TYPE_CHECKING:
    from taskbeam.cli.checks.finding import Finding

PREFIX = "celery-task-meta-"

GOOD: dict[str, Any] = {"maxmemory_policy": "noeviction", "maxmemory": 0, "aof_enabled": 1}


def master(
    replicas: int = 1, timeout: int = 5000, failure: str = "", served: int = SLOTS, **info: Any
) -> MasterFacts:
    """A good one, but for what is given."""
    configured = {"save": "", "cluster-node-timeout": str(timeout)}
    told = {} if failure else {"info": GOOD | info, "configured": configured}
    return MasterFacts(replicas=replicas, failure=failure, served=served, **told)


def found(*masters: MasterFacts, prefix: str = PREFIX) -> list[Finding]:
    """About a cluster of these and two good ones."""
    all_of_them = {Address("h", port): each for port, each in enumerate((*masters, master(), master()))}
    return list(about_cluster(ClusterFacts(masters=all_of_them), prefix))


def test_of_a_good_one() -> None:
    (finding,) = found(master())
    assert (finding.level, finding.what) == (Level.OK, "3 masters serve all slots, and each has a replica")


@pytest.mark.parametrize(
    ("amiss_with_it", "said"),
    [
        (master(replicas=0), "h:0 have no replica"),
        (master(timeout=15_000), "replaced after about 22 s"),
        (master(failure="Connection refused"), "h:0 cannot be asked: Connection refused"),
        (master(maxmemory=2000, used_memory=100, maxmemory_policy="allkeys-lru"), "drops keys"),
        (master(aof_enabled=0), "loses everything"),
    ],
)
def test_of_one_master(amiss_with_it: MasterFacts, said: str) -> None:
    findings = found(amiss_with_it)
    assert len(amiss(findings)) == 1
    assert said in words(findings)


def test_names_the_server_whose_memory_is_full() -> None:
    ((subject, level),) = amiss(found(master(maxmemory=1000, used_memory=999)))
    assert (subject, level) == ("h:0: Memory", Level.WARNING)


def test_of_slots_without_a_master() -> None:
    findings = found(master(served=SLOTS - 5461))
    assert amiss(findings) == [("Cluster", Level.PROBLEM)]
    assert f"5461 of {SLOTS} slots have no master" in words(findings)


@pytest.mark.parametrize(
    ("prefix", "said"),
    [("{app}" + PREFIX, "the slot of 'app'"), ("app_" + PREFIX, ""), ("{}" + PREFIX, ""), ("{" + PREFIX, "")],
)
def test_of_braces_in_the_prefix(prefix: str, said: str) -> None:
    findings = found(master(), prefix=prefix)
    assert amiss(findings) == ([("Cluster", Level.WARNING)] if said else [])
    assert said in words(findings)


def test_of_one_that_tells_little() -> None:
    """Managed servers, and users with few rights."""
    assert amiss(found(MasterFacts(replicas=1))) == []
