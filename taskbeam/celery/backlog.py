"""The events of a run that an outage of Redis does not lose: kept in order until they are written. No I/O."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from taskbeam.journal.bounds import size_of
from taskbeam.journal.entry import Delivery

if TYPE_CHECKING:
    from taskbeam.journal.entry import Entry

#: Events that a run keeps while Redis is away, and bytes of them: as many events as a journal keeps.
DEFAULT_EVENTS = 1000
DEFAULT_BYTES = 1024 * 1024


class Backlog:
    """What of a run is not known to be written, oldest first.

    What was sent once is never given up for want of room: it may be in the journal. So it is the newest event
    that is lost, and the next one that is kept or sent carries how many were lost before it.
    """

    __slots__ = ("_bytes", "_entries", "_most_bytes", "_most_events", "dropped")

    def __init__(self, most_events: int = DEFAULT_EVENTS, most_bytes: int = DEFAULT_BYTES) -> None:
        self._most_events = most_events
        self._most_bytes = most_bytes
        self._entries: deque[Entry] = deque()
        self._bytes = 0
        self.dropped = 0

    def keep(self, entry: Entry) -> None:
        """Redis is away: keep the entry, or count it where there is no room."""
        if len(self._entries) < self._most_events and self._bytes + bytes_of(entry) <= self._most_bytes:
            self.add(entry)
        else:
            self.dropped += 1

    def add(self, entry: Entry) -> None:
        """The entry is about to be sent, after those before it."""
        self.carry(entry)
        self._entries.append(entry)
        self._bytes += bytes_of(entry)

    def carry(self, entry: Entry) -> None:
        """Let the entry tell how many were lost before it; it must not be lost itself."""
        if self.dropped:
            entry.members = {**entry.members, "dropped": str(self.dropped)}
            self.dropped = 0

    def next(self) -> Entry | None:
        """The oldest that is to be sent, perhaps again: a write that was made before changes nothing."""
        while self._entries and self._entries[0].delivery in _SETTLED:
            self._forget(self._entries[0])
        for entry in self._entries:
            if entry.delivery is Delivery.UNSENT or entry.delivery is Delivery.CUT:
                return entry
            if (late := _LATE.get(entry.delivery)) is not None:
                return self._in_order(entry, late)
        return None

    def _in_order(self, entry: Entry, late: frozenset[Delivery]) -> Entry | None:
        """The entry, unless another one is as far as that: then it comes too late."""
        if all(other is entry or other.delivery not in late for other in self._entries):
            return entry
        self._forget(entry)
        return self.next()

    def _forget(self, entry: Entry) -> None:
        self._entries.remove(entry)
        self._bytes -= bytes_of(entry)
        if entry.delivery is not Delivery.WRITTEN:
            # It is lost, and what it had to carry is still to be told.
            self.dropped += 1 + int(entry.members.get("dropped", 0))


_SETTLED = frozenset({Delivery.WRITTEN, Delivery.REFUSED})

#: An entry that is to be sent again comes too late where Redis took, or may have taken, a later one. With its
#: old number it is refused where that was so; with a new one it would be appended behind it.
_LATE = {
    Delivery.TURNED_AWAY: frozenset({Delivery.WRITTEN}),
    Delivery.OVERTAKEN: frozenset({Delivery.WRITTEN, Delivery.CUT, Delivery.UNDER_WAY}),
}


def bytes_of(entry: Entry) -> int:
    """Bytes of the entry's own members and text, encoded."""
    return sum(map(size_of, entry.members.values())) + size_of(entry.text or "")
