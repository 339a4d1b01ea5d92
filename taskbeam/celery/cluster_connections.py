"""The connections over which a backend's entries leave for a cluster."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, cast

import redis
from redis.client import PubSub

from taskbeam.celery.outbox_connections import DEADLINE, PATIENCE, OutboxConnections, answers, bounded
from taskbeam.celery.untold_feeds import untold_feeds
from taskbeam.cluster.feed_teller import FeedTeller
from taskbeam.cluster.lines import Lines
from taskbeam.cluster.slot_map import CONTROL_SLOT, slot_of
from taskbeam.cluster.topology import Topology
from taskbeam.cluster.writer import ClusterWriter

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping, Sequence

    from redis.connection import AbstractConnection

    from taskbeam.cluster.slot_map import Address


class ClusterConnections(OutboxConnections):
    """To each master for what is a task's, and to one for all that is no task's."""

    def __init__(self, startup_nodes: Sequence[Address], arguments: Mapping[str, Any]) -> None:
        """``arguments``: redis-py's for a connection, without host and port."""
        self._arguments = {name: value for name, value in arguments.items() if name not in _OF_POOLS}
        self._class: type[Any] = self._arguments.pop("connection_class", redis.Connection)
        self.topology = Topology(startup_nodes, lambda address: self.to(address, DEADLINE))

    def to(self, address: Address, deadline: float | None = None) -> AbstractConnection:
        """One that is not connected yet; ``deadline``: seconds for a reply, None = as configured."""
        arguments = bounded(self._arguments, deadline)
        connection: AbstractConnection = self._class(host=address.host, port=address.port, **arguments)
        return connection

    def subscriptions(self, address: Address) -> PubSub:
        """Sharded subscriptions at a server, over a connection of their own, which is not connected yet."""
        arguments = bounded(self._arguments, DEADLINE) | {"decode_responses": False}
        pool = redis.ConnectionPool(
            connection_class=self._class, host=address.host, port=address.port, **arguments
        )
        return PubSub(pool)

    def make(self, deadline: float | None = None) -> AbstractConnection:
        """One to whoever has the control slot. Raises redis-py's `ConnectionError` where nobody is known to.

        Whoever needs a new one has lost the one before, so the map may be old.
        """
        self.topology.refresh()
        return self.to(self.topology.master(CONTROL_SLOT), deadline)

    def writer(self, *, patient: bool) -> ClusterWriter:
        """What appends entries: within the deadline of an append, or for some seconds.

        That is longer than it takes to notice that a master is gone, and to promote its replica, with short
        time-outs of the servers.
        """
        quick = self._lines(DEADLINE)
        lines = self._lines(PATIENCE) if patient else quick
        # Nobody waits long for a feed: what cannot be told now is told later.
        return ClusterWriter(lines, self.make_quick, FeedTeller(untold_feeds, quick))

    def _lines(self, patience: float) -> Lines:
        """Over which a reply takes so long at the most, in s, and one entry is sent again for so long."""
        return Lines(self.topology, lambda address: self.to(address, patience), patience)

    def server(self, key: str) -> Hashable:
        """The master of the key's slot, as it was known last; None where none was."""
        return self.topology.known(slot_of(key))

    def answers(self, server: Hashable = None) -> bool:
        """Whether a master takes what is written; None = whether there is one of each slot."""
        try:
            self.topology.refresh()
            if server is None:
                return self.topology.is_whole
            return not self.serves(server) or answers(partial(self.to, cast("Address", server), DEADLINE))
        except Exception:  # a credential provider may raise anything
            return False

    def serves(self, server: Hashable) -> bool:
        """Whether the server is one of the masters, and None: whether a slot has none."""
        return not self.topology.is_whole if server is None else server in self.topology.masters


#: Arguments of a pool, and not of a connection.
_OF_POOLS = frozenset({"host", "port", "max_connections"})
