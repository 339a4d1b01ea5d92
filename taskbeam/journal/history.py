"""What a journal had to say after a cursor, and how much of that a client with its own cursor is due."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from itertools import takewhile
from typing import Literal, NamedTuple

from taskbeam.journal.events import EventId, Record, Start, Tail, Unnumbered


class Absence(Enum):
    """Why a task has no journal."""

    UNKNOWN = "unknown"
    EXPIRED = "expired"
    #: Something else in Redis says that there is such a task, and that it has not ended.
    MISSING = "missing"


class Gap(NamedTuple):
    """Events that a client missed and will not get.

    ``reason``: ``trimmed`` = the log no longer reaches back to the cursor; ``epoch`` = the cursor
    belongs to another life of the journal. ``after``: the cursor; of a client without one, that before
    the first event. ``resume`` is the cursor that the gap itself stands for: the next event follows it.
    """

    after: EventId
    resume: EventId
    reason: Literal["trimmed", "epoch"]


class Replay(NamedTuple):
    """What one client gets: a gap, if there is one, then the records, oldest first.

    Before the records it gets the ``text``, if there is one: what the task has written so far.
    """

    gap: Gap | None
    records: list[Record]
    text: Unnumbered | None = None


@dataclass(frozen=True, slots=True)
class History:
    """A consistent look at one journal.

    - ``last``: the id of its newest record. ``snapshot``: the newest record that tells the task's state.
    - ``records``: numbered without a hole. They begin after the cursor that was ``asked`` for (None: at the
      log's first record; a `Tail`: so many before its last), or at the first record where that cursor does
      not fit. A bounded read stops before ``last``. Where the server began another life in between, their
      epoch changes.
    - ``waits``: the task is PENDING.
    - ``text``: what the task has written, where it was asked for. It is due to a client that has no event of
      the log, also to one with a gap's cursor: the line may have been cut behind the gap.
    - ``standing``: where the open tasks of a feed stand, if it was asked for. It is due to whoever goes live.
    """

    last: EventId
    snapshot: Record
    records: list[Record]
    waits: bool = False
    asked: Start = None
    fits: bool = True
    text: Unnumbered | None = None
    standing: tuple[Unnumbered, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether the records reach the journal's end."""
        return not self.records or self.records[-1].id == self.last

    @property
    def ended(self) -> bool:
        """Whether the task has ended. A final event is always the last, and always tells the state."""
        return self.snapshot.final

    def replay(self, after: Start) -> Replay | None:
        """What a client whose cursor is ``after`` is due (None: it has nothing of the journal).

        Records of one life only: where another begins, the next read starts with a gap. Returns None where
        this look does not show what the client is due; one with its own cursor does.
        """
        replay = self._replay(after)
        has_none = after is None or isinstance(after, Tail) or after == self._start()
        if replay is None or not (replay.gap or has_none):
            return replay
        return replay._replace(text=self.text)

    def _replay(self, after: Start) -> Replay | None:
        if isinstance(after, Tail):
            return Replay(None, _of_one_life(self.records)) if after == self.asked else None
        from_start = self.asked is None or not self.fits
        if after is None:
            return self._from_the_first() if from_start else None
        place = self._place(after)
        if place is not None:
            return self._from(place, after)
        seen = self.complete or after.seq <= self.records[-1].id.seq
        if after != self.asked and not (from_start and seen):
            return None
        start = self._start()
        trimmed = after.epoch == start.epoch and after.seq < start.seq
        return Replay(Gap(after, start, "trimmed" if trimmed else "epoch"), _of_one_life(self.records))

    def _from_the_first(self) -> Replay:
        start = self._start()
        gap = Gap(EventId(start.epoch, 0), start, "trimmed") if start.seq else None
        return Replay(gap, _of_one_life(self.records))

    def _place(self, after: EventId) -> int | None:
        """The index of the first record behind the cursor; None if it is not seen to fit."""
        if after == self.asked:
            return 0 if self.fits else None
        start = self._start()
        place = after.seq - start.seq
        if place == 0:
            return 0 if after == start else None
        if 0 < place <= len(self.records) and self.records[place - 1].id == after:
            return place
        return None

    def _from(self, place: int, after: EventId) -> Replay:
        records = _of_one_life(self.records[place:])
        if not records or records[0].id.epoch == after.epoch:
            return Replay(None, records)
        return Replay(Gap(after, EventId(records[0].id.epoch, after.seq), "epoch"), records)

    def _start(self) -> EventId:
        """The cursor that the records follow."""
        if not self.records:
            return self.last
        epoch, seq = self.records[0].id
        return EventId(epoch, seq - 1)


def _of_one_life(records: list[Record]) -> list[Record]:
    """Up to where another life begins."""
    if not records or records[-1].id.epoch == records[0].id.epoch:
        return records
    epoch = records[0].id.epoch
    return list(takewhile(lambda record: record.id.epoch == epoch, records))
