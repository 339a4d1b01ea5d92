"""What a journal had to say after a cursor, and how much of that a client with its own cursor is due."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

from taskbeam.events import EventId, Record


class Gap(NamedTuple):
    """Events that a client missed and will not get.

    ``reason``: ``trimmed`` = the log no longer reaches back to the cursor; ``epoch`` = the cursor
    belongs to another life of the journal. ``resume`` is the cursor that the gap itself stands for:
    the next event follows it.
    """

    after: EventId
    resume: EventId
    reason: Literal["trimmed", "epoch"]


class Replay(NamedTuple):
    """What one client gets: a gap, if there is one, then the records, oldest first."""

    gap: Gap | None
    records: list[Record]


@dataclass(frozen=True, slots=True)
class History:
    """A consistent look at one journal.

    ``last`` is the id of the journal's newest record, ``picture`` the newest record that tells the
    task's state. ``records`` are contiguous and begin after the cursor that was asked for, or at the
    log's first record when that cursor did not fit; they may stop before ``last`` (a bounded read).
    """

    last: EventId
    picture: Record
    records: list[Record]

    @property
    def complete(self) -> bool:
        """Whether the records reach the journal's end."""
        return not self.records or self.records[-1].id == self.last

    @property
    def ended(self) -> bool:
        """Whether the task has ended. A final event is always the last, and always tells the state."""
        return self.picture.final

    def replay(self, after: EventId | None) -> Replay:
        """What a client whose cursor is ``after`` is due (None: all that the log still has)."""
        records = self.records
        if after is None:
            return Replay(None, records)
        if after.epoch != self.last.epoch or after.seq > self.last.seq:
            return Replay(Gap(after, self._before(records), "epoch"), records)
        if not records:
            return Replay(None, records)
        first = records[0].id.seq
        if after.seq < first - 1:
            return Replay(Gap(after, self._before(records), "trimmed"), records)
        return Replay(None, records[after.seq + 1 - first :])

    def _before(self, records: list[Record]) -> EventId:
        seq = records[0].id.seq - 1 if records else self.last.seq
        return EventId(self.last.epoch, seq)
