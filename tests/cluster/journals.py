"""Journals on a cluster that a test writes as a worker does, and reads from the server that has them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from taskbeam.celery.cluster_connections import ClusterConnections
from taskbeam.celery.untold_feeds import untold_feeds
from taskbeam.cluster.feed_teller import FeedTeller
from taskbeam.cluster.lines import Lines
from taskbeam.cluster.slot_map import Address, slot_of
from taskbeam.cluster.writer import ClusterWriter
from taskbeam.journal.cluster_keys import ClusterKeys
from taskbeam.journal.entry import Delivery, Entry
from taskbeam.journal.events import EventId, Record
from taskbeam.journal.keys import CELERY_PREFIX
from taskbeam.journal.limits import Limits
from tests.support.waiting import DEADLINE, wait_until

if TYPE_CHECKING:
    from tests.support.redis_cluster import Cluster, ClusterNode


class Journals:
    """Written over lines of their own; ``patience`` s for what a cluster refuses."""

    def __init__(self, cluster: Cluster, patience: float = DEADLINE) -> None:
        self.cluster = cluster
        nodes = [Address("127.0.0.1", node.port) for node in cluster.nodes]
        self.connections = ClusterConnections(nodes, {})
        connections = self.connections
        self.lines = Lines(connections.topology, connections.to, patience)
        teller = FeedTeller(untold_feeds, self.lines)
        self.writer = ClusterWriter(self.lines, connections.make_quick, teller)

    def task(self, at: ClusterNode | None = None) -> Task:
        """One whose journal is empty, at a certain master."""
        while True:
            task = Task(self, str(uuid4()))
            if at is None or task.owner() is at:
                return task

    def close(self) -> None:
        self.writer.close()


def until_replicated(cluster: Cluster, master: ClusterNode) -> None:
    """Return when its replica has all that it has."""
    replica = cluster.replica_of(master)

    def has_all() -> bool:
        theirs = master.client.info("replication")["master_repl_offset"]
        return bool(replica.client.info("replication")["slave_repl_offset"] >= theirs)

    wait_until(has_all, lambda: "a replica that has all")


class Task:
    """One task's journal; what is said in it is numbers."""

    def __init__(self, journals: Journals, task_id: str) -> None:
        self.id = task_id
        self.keys = ClusterKeys(CELERY_PREFIX + task_id)
        self.slot = slot_of(self.keys.result)
        self._journals = journals

    def owner(self) -> ClusterNode:
        """Whoever has its slot now."""
        return self._journals.cluster.owner(self.keys.result)

    def entry(self, number: int, **fields: Any) -> Entry:
        return Entry(
            keys=self.keys,
            task_id=self.id,
            type="progress",
            members={"data": str(number)},
            state=fields.pop("state", "PROGRESS"),
            run=fields.pop("run", "run"),
            limits=Limits(keep=60, expires=3600),
            **fields,
        )

    def post(self, *numbers: int) -> None:
        for number in numbers:
            self._journals.writer.post(self.entry(number))

    def append(self, number: int, **fields: Any) -> None:
        self._journals.writer.append(self.entry(number, **fields))

    def write_untold(self, number: int, **fields: Any) -> Entry:
        """As a writer that dies when its event is in the journal, and owes it to feeds."""
        entry = self.entry(number, **fields)
        self._journals.writer._deliver(entry)
        assert entry.delivery is Delivery.WRITTEN
        assert entry.owed is not None
        return entry

    def bodies(self) -> list[bytes]:
        """What a client is told of it, from the beginning."""
        raws: Any = self.owner().client.lrange(self.keys.log, 0, -1)
        return [Record.parse(raw).body for raw in raws]

    def states(self) -> list[str]:
        """The states that it is told to have had."""
        return [json.loads(body)["state"] for body in self.bodies()]

    def ids(self) -> list[EventId]:
        """The ids of its events, in order."""
        raws: Any = self.owner().client.lrange(self.keys.log, 0, -1)
        return [Record.parse(raw).id for raw in raws]

    def epochs(self) -> list[int]:
        """How many lives of the journal there are in it, by their epochs in order."""
        return list(dict.fromkeys(event.epoch for event in self.ids()))

    def said(self) -> list[int]:
        """All that is in the journal, in its order."""
        raws: Any = self.owner().client.lrange(self.keys.log, 0, -1)
        return [json.loads(Record.parse(raw).body)["data"] for raw in raws]
