"""What a feed had to say after a cursor. A feed without records is not unknown: nothing has happened yet."""

from __future__ import annotations

from dataclasses import dataclass

from taskbeam.journal.events import EventId, Record, Start, Tail
from taskbeam.journal.history import Absence, Gap, History, Replay

#: The cursor before all records, whenever the feed begins.
START = EventId(0, 0)

#: What a client is due that has everything.
NOTHING_NEW = Replay(None, [])

#: Of a feed that has no record.
_NOTHING = Record(START, False, b"null")


@dataclass(frozen=True, slots=True)
class FeedHistory(History):
    """As a task's; its snapshot is the feed's newest record."""

    @classmethod
    def of(cls, answer: History | Absence) -> FeedHistory:
        """What a journal's reader found."""
        if isinstance(answer, Absence):
            return cls(START, _NOTHING, [])
        return cls(
            answer.last,
            answer.snapshot,
            answer.records,
            asked=answer.asked,
            fits=answer.fits,
            standing=answer.standing,
        )

    def replay(self, after: Start) -> Replay | None:
        """What a client is due whose cursor is ``after``; None and 0-0 are before the first record."""
        at_start = after is None or after == START
        if self.last != START:
            return History.replay(self, None if at_start else after)
        if after is None or at_start or isinstance(after, Tail):
            return NOTHING_NEW
        return Replay(Gap(after, START, "epoch"), [])
