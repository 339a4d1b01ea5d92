"""What to think of a Redis Cluster, from the facts about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from taskbeam.cli.checks.finding import Finding, Level, ok, problem, warning
from taskbeam.cli.checks.redis_rules import about_keeping
from taskbeam.cluster.slot_map import SLOTS
from taskbeam.journal.cluster_keys import hash_tag

if TYPE_CHECKING:
    from collections.abc import Iterator

    from taskbeam.cli.checks.cluster_facts import ClusterFacts, MasterFacts
    from taskbeam.cluster.slot_map import Address

SUBJECT = "Cluster"

#: Milliseconds that a master may be silent before another takes its place; a cluster's own are 15,000.
LONG_TIMEOUT = 10_000

#: How long it takes until a replica serves the slots, in such time-outs: with 15 s it was 21.6 s.
FAILOVER = 1.5


def about_cluster(facts: ClusterFacts, key_prefix: str) -> Iterator[Finding]:
    """The cluster with the journals; ``key_prefix`` as the gateway has it."""
    if facts.served < SLOTS:
        yield problem(
            SUBJECT,
            f"{SLOTS - facts.served} of {SLOTS} slots have no master: results of their tasks are not kept",
            "Start the servers that are down, or give the slots to others: redis-cli --cluster fix.",
        )
    alone = [str(master) for master, each in facts.masters.items() if not each.replicas]
    if alone:
        yield warning(
            SUBJECT,
            f"{', '.join(alone)} have no replica: what they have is lost with them, and until they are back "
            "nobody can store results of their tasks",
            "Give each master a replica.",
        )
    elif facts.served == SLOTS:
        yield ok(SUBJECT, f"{len(facts.masters)} masters serve all slots, and each has a replica")
    yield from _timeout(facts)
    yield from _prefix(key_prefix, len(facts.masters))
    for master, each in facts.masters.items():
        yield from _master(master, each)


def _timeout(facts: ClusterFacts) -> Iterator[Finding]:
    """The longest one decides: a replica waits for the others' judgement, too."""
    told = [int(each.configured.get("cluster-node-timeout", 0)) for each in facts.masters.values()]
    longest = max(told, default=0)
    if longest > LONG_TIMEOUT:
        yield warning(
            SUBJECT,
            f"a master that fails is replaced after about {FAILOVER * longest / 1000:.0f} s "
            f"(cluster-node-timeout {longest}): until then nothing is told of its tasks",
            "Set cluster-node-timeout to 5000 on all servers.",
        )


def _prefix(key_prefix: str, masters: int) -> Iterator[Finding]:
    tag = hash_tag(key_prefix)
    if tag and masters > 1:
        yield warning(
            SUBJECT,
            f"the braces in global_keyprefix put all tasks into the slot of {tag!r}, so onto one server",
            "Take the braces out of global_keyprefix: Taskbeam needs none.",
        )


def _master(address: Address, facts: MasterFacts) -> Iterator[Finding]:
    """What is amiss with one of them; that all is well need not be said of each."""
    if facts.failure:
        yield problem(
            SUBJECT,
            f"{address} cannot be asked: {facts.failure}",
            "Let workers and gateways reach each master where it says it is (cluster-announce-ip).",
        )
    elif facts.info:
        found = about_keeping(facts.info, facts.configured.get("save"), where=f"{address}: ")
        yield from (finding for finding in found if finding.level is not Level.OK)
