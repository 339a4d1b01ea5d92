"""The Redis pub/sub connections of a gateway process to a cluster: each channel at its slot's master.

What a server publishes is heard at that server alone. When its slot moves the server ends the subscription,
and when it dies its connection ends. So a channel is subscribed to again wherever its slot is then, and
whoever follows reads the journal at each acknowledgement: what was published meanwhile, only that says.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Protocol

from taskbeam.background.cancellation import in_own_task
from taskbeam.cluster.slot_map import slot_of
from taskbeam.follow.node_connection import NodeConnection
from taskbeam.follow.subscriber import PING_INTERVAL
from taskbeam.measures.redis_traffic import RedisTraffic

if TYPE_CHECKING:
    from collections.abc import Iterable

    from taskbeam.cluster.async_topology import AsyncTopology
    from taskbeam.cluster.slot_map import Address


class ClusterListener(Protocol):
    """Who is told what the cluster says."""

    def subscribed(self, name: bytes) -> None:
        """A subscription was acknowledged."""

    def published(self, name: bytes, payload: bytes) -> None:
        """Something was published."""

    def interrupted(self, names: Iterable[bytes]) -> None:
        """What is published to these does not come, until their subscriptions are acknowledged again."""


class ClusterSubscriber:
    """Keeps a connection to each master, and subscribes where the slots are. Belongs to one event loop."""

    def __init__(
        self, topology: AsyncTopology, listener: ClusterListener, traffic: RedisTraffic | None = None
    ) -> None:
        """``traffic``: where each connection is counted."""
        self._traffic = traffic or RedisTraffic()
        self._topology = topology
        self._listener = listener
        self._names: dict[int, set[bytes]] = {}
        # Where each slot's channels are subscribed to; a slot that is nowhere waits for the next look.
        self._homes: dict[int, NodeConnection] = {}
        self._nodes: dict[Address, tuple[NodeConnection, asyncio.Task[None]]] = {}
        self._group: asyncio.TaskGroup | None = None
        topology.after_each_look(self._settle)

    @property
    def connected(self) -> bool:
        """Whether there is a connection to each master."""
        masters = self._topology.slots.masters
        return bool(masters) and all(
            address in self._nodes and self._nodes[address][0].connected for address in masters
        )

    async def run(self) -> None:
        """Keep the connections until cancelled."""
        try:
            async with asyncio.TaskGroup() as self._group:
                while True:
                    # What no server has told is found out now and then.
                    await self._topology.refresh()
                    if self._topology.slots.masters:
                        await asyncio.sleep(PING_INTERVAL)
        finally:
            self._group = None
            self._nodes.clear()
            self._homes.clear()
            self._listener.interrupted([name for names in self._names.values() for name in names])

    def subscribe(self, *names: bytes) -> None:
        """Subscribe now, if the slot's master is known and connected; else it is done when it is."""
        for name in names:
            slot = slot_of(name)
            known = self._names.setdefault(slot, set())
            is_first = not known
            known.add(name)
            if (home := self._homes.get(slot)) is not None:
                home.subscribe([name])
            elif is_first:
                self._place(slot)

    def unsubscribe(self, *names: bytes) -> None:
        """No longer subscribe."""
        for name in names:
            slot = slot_of(name)
            known = self._names.get(slot, set())
            if name not in known:
                continue
            known.discard(name)
            if (home := self._homes.get(slot)) is not None:
                home.unsubscribe([name])
            if not known:
                del self._names[slot]
                self._leave(slot)

    # What the connections say.

    def connected_to(self, node: NodeConnection) -> list[bytes]:
        self._traffic.subscribing += 1
        return self._names_at(node)

    def acknowledged(self, node: NodeConnection, name: bytes) -> None:
        slot = slot_of(name)
        if self._homes.get(slot) is node and name in self._names.get(slot, ()):
            self._listener.subscribed(name)

    def published(self, name: bytes, payload: bytes) -> None:
        self._listener.published(name, payload)

    def ended(self, node: NodeConnection, name: bytes) -> None:
        slot = slot_of(name)
        if self._homes.get(slot) is node:
            self._displace(slot)
            self._topology.look()

    def moved(self, node: NodeConnection, slot: int, master: Address) -> None:
        if self._homes.get(slot) is node:
            self._displace(slot)
        self._topology.moved(slot, master)

    def lost(self, node: NodeConnection) -> None:
        self._listener.interrupted(self._names_at(node))
        if self._group is not None and node.address in self._nodes:
            self._topology.look()

    # Where the slots are.

    def _settle(self) -> None:
        """The cluster was asked: bring each slot's channels to its master."""
        if self._group is None:
            return
        slots = self._topology.slots
        for address in slots.masters:
            self._node(address)
        for slot in list(self._names):
            master, home = slots.master(slot), self._homes.get(slot)
            if home is not None and master is not None and home.address != master:
                home.unsubscribe(self._names[slot])
                self._displace(slot)
            if slot not in self._homes:
                self._place(slot)
        for address in self._nodes.keys() - slots.masters:
            node, task = self._nodes[address]
            if not node.slots:
                del self._nodes[address]
                task.cancel()

    def _place(self, slot: int) -> None:
        if self._group is None:
            return
        master = self._topology.slots.master(slot)
        if master is None:
            self._topology.look()
            return
        node = self._homes[slot] = self._node(master)
        node.slots.add(slot)
        node.subscribe(self._names[slot])

    def _displace(self, slot: int) -> None:
        self._leave(slot)
        self._listener.interrupted(self._names.get(slot, ()))

    def _leave(self, slot: int) -> None:
        if (home := self._homes.pop(slot, None)) is not None:
            home.slots.discard(slot)

    def _node(self, address: Address) -> NodeConnection:
        if address in self._nodes:
            return self._nodes[address][0]
        assert self._group is not None
        node = NodeConnection(address, self._topology.client(address), self)
        # A group cancels its tasks once.
        running = self._group.create_task(in_own_task(f"subscriber at {address}", node.run))
        self._nodes[address] = (node, running)
        return node

    def _names_at(self, node: NodeConnection) -> list[bytes]:
        return [name for slot in node.slots for name in self._names.get(slot, ())]
