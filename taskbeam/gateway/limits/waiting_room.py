"""Connections that nobody has admitted yet, counted from `accept` on and by network.

A stream, a socket or a long-poll has its place by an admission (`taskbeam.gateway.limits.admission`). Before
that a connection only costs, and nobody knows who it is. So these share a room of their own. A network that
has too many connections in it loses its oldest, and so does the largest one when the room is full: whoever
comes from elsewhere always gets in.
"""

from __future__ import annotations

from typing import Protocol

from taskbeam.gateway.limits.crowds import Crowds


class Guest(Protocol):
    """A connection in the room."""

    def turn_out(self) -> None:
        """Somebody else needs the place: end the connection, and leave."""


class Place:
    """One connection's. Whoever took it calls `leave` when the connection is gone, or is admitted."""

    __slots__ = ("_network", "_room", "_waits", "guest")

    def __init__(self, room: WaitingRoom, guest: Guest, network: str | None) -> None:
        self.guest = guest
        self._room = room
        self._network = network
        self._waits = False

    def wait(self) -> None:
        """The connection asks for nothing yet, or for nothing any more: it may be turned out."""
        if not self._waits:
            self._waits = True
            self._room.seat(self, self._network)

    def leave(self) -> None:
        """It is answered, admitted or gone. A second time changes nothing."""
        if self._waits:
            self._waits = False
            self._room.unseat(self, self._network)

    def move(self, network: str | None) -> None:
        """A proxy says for which network it speaks."""
        if network != self._network:
            waits = self._waits
            self.leave()
            self._network = network
            if waits:
                self.wait()


class WaitingRoom:
    """``size`` connections may wait in it, and of one network ``per_network``."""

    def __init__(self, size: int, per_network: int) -> None:
        self._size = size
        self._per_network = per_network
        #: Proxies, which speak for many, are the network None.
        self._waiting: Crowds[Place] = Crowds()

    def __len__(self) -> int:
        """Connections that wait."""
        return len(self._waiting)

    def enter(self, guest: Guest, network: str | None) -> Place:
        """Take a place."""
        place = Place(self, guest, network)
        place.wait()
        return place

    # What a place calls.

    def seat(self, place: Place, network: str | None) -> None:
        """One more waits."""
        self._waiting.add(network, place)
        if network is not None and self._waiting.size_of(network) > self._per_network:
            self._waiting.oldest_of(network).guest.turn_out()
        elif len(self._waiting) > self._size:
            self._waiting.first_to_go().guest.turn_out()

    def unseat(self, place: Place, network: str | None) -> None:
        """One less waits."""
        self._waiting.discard(network, place)
