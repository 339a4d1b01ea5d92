"""The rules for one task on one gateway: order, duplicates, gaps, joining, the end. No I/O here.

One rule serves the first connect, a client's resume, a Redis reconnect, a hole in the numbers and a
slow client: *read the journal after my cursor, then go live*. The subscription is acknowledged
before the journal is read, and what is published during the read waits and is merged by id
(mercure's local subscriber and centrifuge's recovery do the same).

Inputs are the methods of `Channel`; each returns the outputs, which the hub carries out in order.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

from taskbeam.journal.history import Absence

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from taskbeam.journal.events import EventId, Record
    from taskbeam.journal.history import Gap, History

M = TypeVar("M", bound=Hashable)

#: Published records that wait for a read to end. Past that the read is made again: the journal is the buffer.
MAX_ARRIVED = 1024


class End(Enum):
    """Why a member gets nothing more."""

    FINISHED = "the final event was delivered"
    UNKNOWN = "the task has no journal, and never had one"
    EXPIRED = "the task's journal has run out"


@dataclass(frozen=True, slots=True)
class Subscribe:
    """Subscribe to the task's Redis channel; `Channel.subscribed` is due for each acknowledgement."""


@dataclass(frozen=True, slots=True)
class Unsubscribe:
    """Nobody follows the task here any more; the channel can be dropped."""


class Read(NamedTuple):
    """Read the journal after the cursor; `Channel.history` or `Channel.read_failed` is due."""

    after: EventId | None


class Deliver(NamedTuple, Generic[M]):
    """Give the members these records, oldest first, after telling them of the gap, if there is one.

    A member that was admitted with nothing to catch up on is given an empty delivery.
    """

    members: tuple[M, ...]
    records: Sequence[Record]
    gap: Gap | None = None
    snapshot: Record | None = None


class Close(NamedTuple, Generic[M]):
    """The members have left; tell them why."""

    members: tuple[M, ...]
    end: End


Output = Subscribe | Unsubscribe | Read | Deliver[M] | Close[M]


class Channel(Generic[M]):
    """Where the members are: live at `_cursor`, ahead of it, waiting for a read, or being read for."""

    def __init__(self) -> None:
        self._live: dict[M, None] = {}
        self._cursor: EventId | None = None
        self._ahead: dict[M, EventId] = {}
        self._waiting: dict[M, EventId | None] = {}
        self._reading: dict[M, EventId | None] | None = None
        self._arrived: list[Record] = []
        self._acknowledged = False
        self._fresh = False

    @property
    def members(self) -> int:
        """How many follow the task here."""
        return len(self._live) + len(self._ahead) + len(self._waiting) + len(self._reading or ())

    # Members.

    def join(self, member: M, after: EventId | None) -> list[Output[M]]:
        """Follow the task from the cursor (None: from the first record that the journal still has)."""
        outputs: list[Output[M]] = [] if self.members else [Subscribe()]
        self._waiting[member] = after
        return outputs + self._read_if_due()

    def leave(self, member: M) -> tuple[EventId | None, list[Output[M]]]:
        """Stop following; returns the member's cursor, from which it may join again."""
        cursor: EventId | None = None
        if member in self._live:
            cursor = self._cursor
            del self._live[member]
        elif member in self._ahead:
            cursor = self._ahead.pop(member)
        elif member in self._waiting:
            cursor = self._waiting.pop(member)
        elif self._reading and member in self._reading:
            cursor = self._reading.pop(member)
        return cursor, self._drop_if_empty()

    # The Redis subscription.

    def subscribed(self) -> list[Output[M]]:
        """The subscription was acknowledged. Each time, something may have been missed before."""
        self.lost()
        self._acknowledged = True
        return self._read_if_due()

    def lost(self) -> None:
        """The connection was lost: what is published now does not come here."""
        self._acknowledged = False
        self._fresh = False
        self._all_wait()

    def published(self, record: Record) -> list[Output[M]]:
        """A record came over the subscription."""
        if self._reading is not None:
            self._keep(record)
        cursor = self._cursor
        if cursor is None or not (self._live or self._ahead) or record.id <= cursor:
            return []
        if record.id == (cursor.epoch, cursor.seq + 1):
            return self._advance(record)
        self._all_wait()
        return self._read_if_due()

    # Reads.

    def history(self, history: History | Absence) -> list[Output[M]]:
        """The journal answered a `Read`, or there is none."""
        served, arrived, fresh = self._reading or {}, self._arrived, self._fresh
        self._reading, self._arrived = None, []
        if isinstance(history, Absence):
            return self._without_journal(history, served, arrived)
        outputs = self._replay(served, history, fresh)
        current = tuple(member for member, cursor in served.items() if cursor == history.last)
        for member in served.keys() - set(current):
            self._waiting[member] = served[member]
        if not fresh:
            self._waiting.update(dict.fromkeys(current, history.last))
        elif current:
            outputs += self._go_live(current, history, arrived)
        return outputs + self._read_if_due()

    def read_failed(self) -> list[Output[M]]:
        """The journal could not be read: the same is asked again."""
        self._waiting.update(self._reading or {})
        self._reading, self._arrived = None, []
        return self._read_if_due()

    def _read_if_due(self) -> list[Output[M]]:
        if not self._waiting or not self._acknowledged or self._reading is not None:
            return []
        self._reading, self._waiting = self._waiting, {}
        self._fresh = True
        return [Read(_oldest(self._reading.values()))]

    def _replay(self, served: dict[M, EventId | None], history: History, fresh: bool) -> list[Output[M]]:
        """Give each member what it is due, and move its cursor; those with one cursor are served together.

        That there is nothing is for a fresh read to say: with it comes whether the task has ended.
        """
        outputs: list[Output[M]] = []
        groups: dict[EventId | None, list[M]] = {}
        for member, cursor in served.items():
            groups.setdefault(cursor, []).append(member)
        for cursor, members in groups.items():
            gap, records = history.replay(cursor)
            if records or gap or fresh:
                outputs.append(Deliver(tuple(members), records, gap, history.snapshot))
            reached = records[-1].id if records else (gap.resume if gap else cursor)
            served.update(dict.fromkeys(members, reached))
        return outputs

    def _go_live(self, members: tuple[M, ...], history: History, arrived: list[Record]) -> list[Output[M]]:
        """Members that have all of the history get what was published meanwhile, then go live."""
        outputs: list[Output[M]] = []
        tail = _following(history.last, arrived)
        if tail:
            outputs.append(Deliver(members, tail))
        if history.ended or (tail and tail[-1].final):
            outputs.append(Close(members, End.FINISHED))
            return outputs + self._drop_if_empty()
        reached = tail[-1].id if tail else history.last
        if not (self._live or self._ahead):
            self._cursor = reached
        assert self._cursor is not None
        if reached > self._cursor:
            self._ahead.update(dict.fromkeys(members, reached))
        elif reached == self._cursor:
            self._live.update(dict.fromkeys(members))
        else:
            # The journal has less than was published before: Redis lost its newest writes.
            self._waiting.update(dict.fromkeys(members, reached))
            self._all_wait()
        return outputs

    def _without_journal(
        self, absence: Absence, served: dict[M, EventId | None], arrived: list[Record]
    ) -> list[Output[M]]:
        if arrived:
            # It was born between the read and now.
            self._waiting.update(served)
            return self._read_if_due()
        end = End.EXPIRED if absence is Absence.EXPIRED else End.UNKNOWN
        outputs: list[Output[M]] = [Close(tuple(served), end)]
        return outputs + self._drop_if_empty() + self._read_if_due()

    # Cursors.

    def _advance(self, record: Record) -> list[Output[M]]:
        """The next record: for the live members, and for the clock of those ahead."""
        self._cursor = record.id
        live = tuple(self._live)
        outputs: list[Output[M]] = [Deliver(live, (record,))] if live else []
        if record.final:
            self._live.clear()
            outputs += [Close(live, End.FINISHED), *self._drop_if_empty()]
        if self._ahead:
            self._catch_up_with_those_ahead(record.id)
        return outputs

    def _catch_up_with_those_ahead(self, reached: EventId) -> None:
        for member in [member for member, cursor in self._ahead.items() if cursor <= reached]:
            del self._ahead[member]
            self._live[member] = None

    def _all_wait(self) -> None:
        self._waiting.update(dict.fromkeys(self._live, self._cursor))
        self._waiting.update(self._ahead)
        self._live.clear()
        self._ahead.clear()

    def _keep(self, record: Record) -> None:
        if len(self._arrived) < MAX_ARRIVED:
            self._arrived.append(record)
        else:
            self._fresh = False

    def _drop_if_empty(self) -> list[Output[M]]:
        return [] if self.members else [Unsubscribe()]


def _oldest(cursors: Iterable[EventId | None]) -> EventId | None:
    known = []
    for cursor in cursors:
        if cursor is None:
            return None
        known.append(cursor)
    return min(known)


def _following(last: EventId, arrived: list[Record]) -> list[Record]:
    """The arrived records that continue the journal after its ``last`` one, without a hole."""
    tail: list[Record] = []
    for record in arrived:
        if record.id == (last.epoch, last.seq + 1):
            tail.append(record)
            last = record.id
    return tail
