"""A crowd of connections by network, and which of them goes first when there are too many. Pure."""

from __future__ import annotations

from typing import Generic, TypeVar

Member = TypeVar("Member")


class Crowds(Generic[Member]):
    """The first to go is the oldest of the network that has the most, so a newcomer is never refused.

    A newcomer of a quiet network takes the place of somebody in the crowd. Whoever shares a network with
    the crowd (behind one router) is let in, too, and has the time in which all the others of it come once
    more: enough to say who he is. Where all networks have as many, the one that has had as many for the
    longest loses one. Each operation takes constant time, however many there are.
    """

    def __init__(self) -> None:
        self._members: dict[str | None, dict[Member, None]] = {}
        # Networks by their number of members; both kinds of dict are used as ordered sets.
        self._by_size: dict[int, dict[str | None, None]] = {}
        self._largest = 0
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def add(self, network: str | None, member: Member) -> None:
        """``network`` None is one like any other. The member must not be there yet."""
        members = self._members.setdefault(network, {})
        self._resize(network, len(members), len(members) + 1)
        members[member] = None
        self._count += 1

    def discard(self, network: str | None, member: Member) -> None:
        """Take a member out, if it is there."""
        members = self._members.get(network, {})
        if member not in members:
            return
        self._resize(network, len(members), len(members) - 1)
        del members[member]
        if not members:
            del self._members[network]
        self._count -= 1

    def size_of(self, network: str | None) -> int:
        """How many the network has."""
        return len(self._members.get(network, ()))

    def oldest_of(self, network: str | None) -> Member:
        """Raises `KeyError` if the network has nobody."""
        return next(iter(self._members[network]))

    def first_to_go(self) -> Member:
        """Raises `KeyError` if there is nobody."""
        return self.oldest_of(next(iter(self._by_size[self._largest])))

    def _resize(self, network: str | None, before: int, after: int) -> None:
        if before:
            del self._by_size[before][network]
            if not self._by_size[before]:
                del self._by_size[before]
        if after:
            self._by_size.setdefault(after, {})[network] = None
        # By one at a time: when the largest shrinks alone, it is the largest still.
        if after > self._largest or self._largest not in self._by_size:
            self._largest = after
