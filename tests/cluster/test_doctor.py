"""What `taskbeam doctor` learns of a real cluster."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from redis.cluster import RedisCluster
from redis.exceptions import RedisClusterException

from stack.ports import LOOPBACK
from taskbeam.cli.checks.cluster_facts import ask_cluster
from taskbeam.cli.checks.cluster_rules import about_cluster
from taskbeam.cluster.slot_map import SLOTS
from taskbeam.journal.away import REDIS_AWAY
from tests.support.redis_cluster import MASTERS, NODE_TIMEOUT, redis_cluster
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from taskbeam.cli.checks.cluster_facts import ClusterFacts
    from tests.support.redis_cluster import Cluster, ClusterNode

PREFIX = "celery-task-meta-"


def until(node: ClusterNode, expected: Callable[[ClusterFacts], bool]) -> ClusterFacts:
    """What is learnt once it is so: servers hear of each other by and by."""
    found: list[ClusterFacts] = []

    def ask() -> bool:
        try:
            with closing(RedisCluster(LOOPBACK, node.port)) as client:
                found[:] = [ask_cluster(client)]
        except (RedisClusterException, *REDIS_AWAY):
            return False
        return expected(found[0])

    wait_until(ask)
    return found[0]


def is_whole(facts: ClusterFacts) -> bool:
    return facts.served == SLOTS and all(
        (each.replicas, each.failure, each.info.get("role")) == (1, "", "master")
        for each in facts.masters.values()
    )


def test_a_whole_one(cluster: Cluster) -> None:
    facts = until(cluster.nodes[0], is_whole)
    assert len(facts.masters) == MASTERS
    for each in facts.masters.values():
        assert each.configured["cluster-node-timeout"] == str(NODE_TIMEOUT)
    first, second, *others = about_cluster(facts, PREFIX)
    assert first.what == f"{MASTERS} masters serve all slots, and each has a replica"
    assert f"(cluster-node-timeout {NODE_TIMEOUT})" in second.what
    assert {each.subject.rpartition(" ")[2] for each in others} == {"Persistence"}  # the tests' keep nothing


def test_one_without_a_part_of_the_slots(tmp_path: Path) -> None:
    share = SLOTS // MASTERS
    with redis_cluster(tmp_path, node_timeout=500) as broken:
        gone = (broken.replicas[0], broken.masters[0])
        for node in gone:
            node.server.process.kill()
        facts = until(broken.masters[1], lambda facts: facts.served == SLOTS - share)
    said = [finding.what for finding in about_cluster(facts, PREFIX)]
    assert said[0].startswith(f"{share} of {SLOTS} slots have no master")
    assert any(f"{LOOPBACK}:{node.port} cannot be asked" in each for node in gone for each in said)
