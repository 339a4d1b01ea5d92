"""What the journal of a heard task had to say. One of which nothing is stored is not unknown: it may wait."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from taskbeam.journal.events import EventId, Tail, Unnumbered
from taskbeam.journal.history import Absence, History, Replay
from taskbeam.stock.told import unknown_event

if TYPE_CHECKING:
    from taskbeam.journal.events import Start

#: The cursor before all records, whenever the journal begins.
START = EventId(0, 0)


@dataclass(frozen=True, slots=True)
class StockHistory(History):
    """As a task's of ours. Without a journal, whoever begins to follow gets one event without a number."""

    @classmethod
    def of(cls, task_id: str, after: Start, answer: History | Absence) -> Self | Absence:
        """What a journal's reader found. With a cursor, a journal that is gone is missed like any other."""
        if isinstance(answer, History):
            return cls(
                answer.last,
                answer.snapshot,
                answer.records,
                answer.waits,
                answer.asked,
                answer.fits,
                answer.text,
            )
        if answer is not Absence.UNKNOWN or (isinstance(after, EventId) and after != START):
            return answer
        unknown = Unnumbered(unknown_event(task_id, time.time()))
        return cls(START, unknown, [], asked=after, text=unknown)

    def replay(self, after: Start) -> Replay | None:
        """What a client is due whose cursor is ``after``; None and 0-0 are before the first record."""
        at_start = after is None or after == START
        if self.last != START:
            return History.replay(self, None if at_start else after)
        if at_start or isinstance(after, Tail):
            return Replay(None, [], self.text)
        return None
