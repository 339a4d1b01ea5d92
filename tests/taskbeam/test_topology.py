"""Whom a thread asks next where a cluster's master says nothing."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from redis.exceptions import TimeoutError  # noqa: A004

from taskbeam.cluster.lines import Lines
from taskbeam.cluster.slot_map import SLOTS, Address
from taskbeam.cluster.topology import Topology

if TYPE_CHECKING:
    from redis.connection import AbstractConnection

OLD, OTHER, NEW = Address("old", 1), Address("other", 2), Address("new", 3)


class Servers:
    """One of them has all slots, and each that lives says which; ``told`` are who was asked."""

    def __init__(self) -> None:
        self.master, self.silent = OLD, {OLD}
        self.told: list[Address] = []

    def connect(self, address: Address) -> AbstractConnection:
        connection: Any = SimpleNamespace(
            address=address,
            connect=lambda: None,
            disconnect=lambda: None,
            send_command=lambda *_: None,
            read_response=lambda: self.slots(address),
        )
        return connection  # type: ignore[no-any-return]

    def slots(self, address: Address) -> list[Any]:
        if address in self.silent:
            raise TimeoutError("no answer")
        self.told.append(address)
        return [[0, SLOTS - 1, list(self.master)]]

    def answer(self, line: Any, _: bool) -> Address:
        """Who is asked, of those that answer."""
        address: Address = line._connection.address
        if address in self.silent:
            raise TimeoutError("no answer")
        return address


def test_others_are_asked_for_the_master_once_it_has_said_nothing_in_time() -> None:
    servers = Servers()
    lines = Lines(Topology([OTHER, OLD], servers.connect), servers.connect, 0.0)
    for _ in range(2):  # nobody has its place yet
        with pytest.raises(TimeoutError):
            lines.follow("key", servers.answer)
    servers.master = NEW
    assert lines.follow("key", servers.answer) == NEW
    assert servers.told == [OTHER] * 3
    assert [lines.follow("key", servers.answer) for _ in range(3)] == [NEW] * 3
    assert servers.told == [OTHER] * 3, "who answers is asked for nothing else"
