"""Which master has which slot, as a cluster told it last. No I/O."""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from redis.crc import key_slot

from taskbeam.journal.control_keys import CLUSTER

if TYPE_CHECKING:
    from collections.abc import Iterable

#: Slots of a cluster: https://valkey.io/topics/cluster-spec/.
SLOTS = 16384


class Address(NamedTuple):
    """Where a server listens."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class SlotRange(NamedTuple):
    """Slots that follow each other, up to ``last``, and their master."""

    first: int
    last: int
    master: Address


class SlotMap:
    """The masters by slot. It gets old: slots move, and replicas are promoted."""

    def __init__(self, ranges: Iterable[SlotRange] = ()) -> None:
        """``ranges``, which do not overlap."""
        self._ranges = sorted(ranges)
        self._firsts = [each.first for each in self._ranges]
        # What a redirection said of single slots since.
        self._moved: dict[int, Address] = {}

    @classmethod
    def parse(cls, reply: list[Any], asked: Address) -> Self:
        """Read the reply to `CLUSTER SLOTS` of the server that was asked.

        A range is ``[first, last, [host, port, …], replicas…]``. A server without a name of its own, whose
        host is empty or null, is reached under the host that was asked.
        """
        return cls(
            SlotRange(int(first), int(last), Address(_text(master[0]) or asked.host, int(master[1])))
            for first, last, master, *_ in reply
        )

    @property
    def masters(self) -> tuple[Address, ...]:
        """All that have slots, each once."""
        known = [each.master for each in self._ranges]
        return tuple(dict.fromkeys([*known, *self._moved.values()]))

    @property
    def is_whole(self) -> bool:
        """Whether each slot has a master."""
        return sum(each.last - each.first + 1 for each in self._ranges) == SLOTS

    def master(self, slot: int) -> Address | None:
        """Whoever has the slot; None where nobody is known."""
        if slot in self._moved:
            return self._moved[slot]
        place = bisect_right(self._firsts, slot) - 1
        if place < 0 or slot > self._ranges[place].last:
            return None
        return self._ranges[place].master

    def move(self, slot: int, master: Address) -> None:
        """The slot has another master now, as a redirection says."""
        self._moved[slot] = master


def slot_of(key: str | bytes) -> int:
    """The slot of a key or a sharded channel: that of its hash tag, where it has one."""
    return key_slot(key if isinstance(key, bytes) else key.encode())


#: The slot of all that belongs to no task.
CONTROL_SLOT = slot_of(CLUSTER.prefix)


def _text(host: str | bytes | None) -> str:
    text = host.decode() if isinstance(host, bytes) else host or ""
    return "" if text == "?" else text
