"""The connections over which a backend's entries leave for a cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from taskbeam.celery.outbox_connections import CONNECT_DEADLINE, DEADLINE, OutboxConnections, answers
from taskbeam.cluster.slot_map import slot_of
from taskbeam.cluster.topology import Topology
from taskbeam.cluster.writer import ClusterWriter
from taskbeam.journal.control_keys import CLUSTER

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from redis.connection import AbstractConnection

    from taskbeam.cluster.slot_map import Address

#: Seconds for which an entry is sent again that no deadline hurries: longer than it takes to notice that a
#: master is gone, and to promote its replica, with short time-outs of the servers.
PATIENCE = 5.0


class ClusterConnections(OutboxConnections):
    """To each master for what is a task's, and to one for all that is no task's."""

    def __init__(self, startup_nodes: Sequence[Address], arguments: Mapping[str, Any]) -> None:
        """``arguments``: redis-py's for a connection, without host and port."""
        self._arguments = {name: value for name, value in arguments.items() if name not in _OF_POOLS}
        self._class: type[Any] = self._arguments.pop("connection_class", redis.Connection)
        self.topology = Topology(startup_nodes, lambda address: self.to(address, DEADLINE))
        self._control_slot = slot_of(CLUSTER.workers)

    def to(self, address: Address, deadline: float | None = None) -> AbstractConnection:
        """One that is not connected yet; ``deadline``: seconds for a reply, None = as configured."""
        arguments = {**self._arguments, "retry": Retry(NoBackoff(), 0)}
        if deadline is not None:
            arguments["socket_timeout"] = deadline
        arguments["socket_connect_timeout"] = deadline or CONNECT_DEADLINE
        connection: AbstractConnection = self._class(host=address.host, port=address.port, **arguments)
        return connection

    def make(self, deadline: float | None = None) -> AbstractConnection:
        """One to whoever has the control slot. Raises redis-py's `ConnectionError` where nobody is known to.

        Whoever needs a new one has lost the one before, so the map may be old.
        """
        self.topology.refresh()
        return self.to(self.topology.master(self._control_slot), deadline)

    def writer(self, *, patient: bool) -> ClusterWriter:
        """What appends entries: within the deadline of an append, or for some seconds."""
        if patient:
            return ClusterWriter(self.topology, self.to, self.make_quick, PATIENCE)
        return ClusterWriter(
            self.topology, lambda address: self.to(address, DEADLINE), self.make_quick, DEADLINE
        )

    def answers(self) -> bool:
        """Whether each master takes what is written."""
        self.topology.refresh()
        masters = self.topology.masters
        return bool(masters) and all(answers(self.to(master, DEADLINE)) for master in masters)


#: Arguments of a pool, and not of a connection.
_OF_POOLS = frozenset({"host", "port", "max_connections"})
