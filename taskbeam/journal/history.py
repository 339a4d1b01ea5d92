"""What a journal had to say after a cursor, and how much of that a client with its own cursor is due."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Literal, NamedTuple

from taskbeam.journal.events import EventId, Record


class Absence(Enum):
    """Why a task has no journal."""

    UNKNOWN = "unknown"
    EXPIRED = "expired"


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

    ``last`` is the id of the journal's newest record, ``snapshot`` the newest record that tells the
    task's state. ``records`` are contiguous and begin after the cursor that was asked for, or at the
    log's first record when that cursor did not fit; they may stop before ``last`` (a bounded read).
    ``waits``: the task is PENDING.
    """

    last: EventId
    snapshot: Record
    records: list[Record]
    waits: bool = False

    @property
    def complete(self) -> bool:
        """Whether the records reach the journal's end."""
        return not self.records or self.records[-1].id == self.last

    @property
    def ended(self) -> bool:
        """Whether the task has ended. A final event is always the last, and always tells the state."""
        return self.snapshot.final

    def replay(self, after: EventId | None) -> Replay:
        """What a client whose cursor is ``after`` is due (None: all that the log still has)."""
        if after is None:
            return Replay(None, self.records)
        start = self._start()
        if after.epoch != self.last.epoch or after.seq > self.last.seq:
            return Replay(Gap(after, start, "epoch"), self.records)
        if after.seq < start.seq:
            return Replay(Gap(after, start, "trimmed"), self.records)
        return Replay(None, self.records[after.seq - start.seq :])

    def _start(self) -> EventId:
        """The cursor that the records follow."""
        return EventId(self.last.epoch, self.records[0].id.seq - 1) if self.records else self.last
