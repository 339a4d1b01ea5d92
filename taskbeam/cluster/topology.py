"""Who is the master of which slot, for the threads of one process."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from redis.exceptions import ConnectionError  # noqa: A004

from taskbeam.background.forks import free_in_children
from taskbeam.cluster.redirection import Ask
from taskbeam.cluster.slot_map import Address, SlotMap
from taskbeam.journal.away import REDIS_AWAY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from redis.connection import AbstractConnection

    from taskbeam.cluster.redirection import Redirection


class Topology:
    """Read from whichever server answers first, and again when a refusal says that it is old."""

    def __init__(
        self, startup_nodes: Sequence[Address], connect: Callable[[Address], AbstractConnection]
    ) -> None:
        """``startup_nodes``: servers that are asked first, and when all others are gone.

        ``connect`` makes an unconnected connection to a server; its timeouts bound how long one is asked.
        """
        self._startup_nodes = tuple(startup_nodes)
        self._connect = connect
        self._slots = SlotMap()
        # Those that did not answer when they were asked last. They are asked when all others are gone.
        self._silent: set[Address] = set()
        # Those that did not answer something else since the map was read.
        self._doubted: set[Address] = set()
        self._lock = free_in_children(threading.RLock())

    @property
    def masters(self) -> tuple[Address, ...]:
        """All that have slots, as far as it is known."""
        return self._slots.masters

    @property
    def is_whole(self) -> bool:
        """Whether each slot has a master, as far as it is known."""
        return self._slots.is_whole

    def known(self, slot: int) -> Address | None:
        """Whoever has the slot, as far as it is known; asks nobody."""
        return self._slots.master(slot)

    def master(self, slot: int) -> Address:
        """Whoever has the slot. Raises redis-py's `ConnectionError` where nobody is known to."""
        address = self._slots.master(slot)
        if address is None or address in self._doubted:
            self.refresh()
            address = self._slots.master(slot)
        if address is None:
            raise ConnectionError(f"no server of the cluster has slot {slot}")
        return address

    def doubt(self, address: Address) -> None:
        """A server has not answered in time: others are asked who has its slots before it is asked again."""
        self._silent.add(address)
        self._doubted.add(address)

    def follow(self, said: Redirection, asked: Address | None) -> Address | None:
        """Where a refused command goes next, and what is learnt from the refusal of the server ``asked``.

        None: ask for the slot's master again.
        """
        if said.asks is Ask.LATER:
            return asked
        if said.asks is Ask.NO_MASTER or asked is None:
            self.refresh()
            return None
        named = said.address._replace(host=said.address.host or asked.host)
        if said.asks is Ask.MOVED:
            self.refresh(named)
            self._slots.move(said.slot, named)
        return named

    def refresh(self, first: Address | None = None) -> None:
        """Read the map anew, of ``first`` if it answers; where nobody does, the old one stays.

        Whoever comes while another thread reads it takes what that one brings.
        """
        before = self._slots
        with self._lock:
            if self._slots is before:
                for address in self._candidates(first):
                    slots = self._ask(address)
                    if slots is not None:
                        self._slots = slots
                        self._doubted.clear()
                        return

    def _candidates(self, first: Address | None) -> Iterator[Address]:
        all_known = dict.fromkeys([*([first] if first else []), *self._slots.masters, *self._startup_nodes])
        return iter(sorted(all_known, key=self._silent.__contains__))

    def _ask(self, address: Address) -> SlotMap | None:
        """What one server says; None where it does not answer, or knows of no slot."""
        connection = self._connect(address)
        self._silent.add(address)
        try:
            connection.connect()
            connection.send_command("CLUSTER", "SLOTS")
            slots = SlotMap.parse(connection.read_response(), address)
        except REDIS_AWAY:
            return None
        finally:
            connection.disconnect()
        self._silent.discard(address)
        return slots if slots.masters else None
