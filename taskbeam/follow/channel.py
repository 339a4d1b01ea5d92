"""The rules for one task on one gateway: order, duplicates, gaps, joining, the end. No I/O here.

One rule serves the first connect, a client's resume, a Redis reconnect, a hole in the numbers and a
slow client: *read the journal after my cursor, then go live*. The subscription is acknowledged
before the journal is read, and what is published during the read waits and is merged by id
(mercure's local subscriber and centrifuge's recovery do the same).

Inputs are the methods of `Channel`; each returns the outputs, which the hub carries out in order.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic

from taskbeam.follow.outputs import Close, Deliver, End, LookLater, M, Read, Stand, Subscribe, Unsubscribe
from taskbeam.journal.events import Tail, Unnumbered
from taskbeam.journal.history import Absence

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from taskbeam.follow.outputs import Output
    from taskbeam.journal.events import EventId, Record, Start
    from taskbeam.journal.history import History

#: Published records that wait for a read to end. Past that the read is made again: the journal is the buffer.
MAX_ARRIVED = 1024


def any_cursor(cursor: EventId | None) -> bool:
    """Whoever has a cursor was once given it by a gateway."""
    return cursor is not None


class Channel(Generic[M]):
    """Where the members are.

    Live at `_cursor`, ahead of it, waiting for a read, being read for, or missing the journal of a task that
    they know: it is no fate of the task that Redis has lost it, and so they wait until it speaks again.
    """

    def __init__(self, is_evidence: Callable[[EventId | None], bool] = any_cursor) -> None:
        """``is_evidence``: whether a cursor shows that the task is known, though it has no journal."""
        self._is_evidence = is_evidence
        self._missing: dict[M, Start] = {}
        self._live: dict[M, None] = {}
        self._cursor: EventId | None = None
        self._ahead: dict[M, EventId] = {}
        self._waiting: dict[M, Start] = {}
        self._reading: dict[M, Start] | None = None
        self._arrived: list[Record] = []
        self._acknowledged = False
        self._fresh = False

    @property
    def members(self) -> int:
        """How many follow the task here."""
        waiting = len(self._waiting) + len(self._missing) + len(self._reading or ())
        return len(self._live) + len(self._ahead) + waiting

    @property
    def cursor(self) -> EventId | None:
        """Up to where the task was followed here, if it was."""
        return self._cursor

    # Members.

    def join(self, member: M, after: Start) -> list[Output[M]]:
        """Follow the task from the cursor (None: from the first record that the journal still has)."""
        outputs: list[Output[M]] = [] if self.members else [Subscribe()]
        self._waiting[member] = after
        return outputs + self._read_if_due()

    def leave(self, member: M) -> tuple[Start, list[Output[M]]]:
        """Stop following; returns the member's cursor, from which it may join again."""
        cursor: Start = None
        if member in self._live:
            cursor = self._cursor
            del self._live[member]
        elif member in self._ahead:
            cursor = self._ahead.pop(member)
        elif member in self._waiting:
            cursor = self._waiting.pop(member)
        elif member in self._missing:
            cursor = self._missing.pop(member)
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
        outputs = self.look_again() if self._missing else []
        cursor = self._cursor
        if cursor is None or not (self._live or self._ahead) or record.id <= cursor:
            return outputs
        if record.id == (cursor.epoch, cursor.seq + 1):
            return outputs + self._advance(record)
        self._all_wait()
        return outputs + self._read_if_due()

    @property
    def position(self) -> EventId | None:
        """The last event that was published to live members, or the one from which they went live."""
        return self._cursor if self._live or self._ahead else None

    def missed(self, position: EventId) -> list[Output[M]]:
        """The journal does not end at the position. Where nothing came since, a publication was lost."""
        if position != self.position:
            return []
        self._all_wait()
        return self._read_if_due()

    def mentioned(self, record: Unnumbered) -> list[Output[M]]:
        """An event without a number came over the subscription: it is for those who have all before it.

        Those who go live by the read that is under way get it, too: it may be newer than what that brings.
        """
        if self._reading is not None:
            self._keep(record)
        live = self._live if self._cursor is not None and record.is_beside(self._cursor) else ()
        members = (*live, *(member for member, at in self._ahead.items() if record.is_beside(at)))
        return [Deliver(members, (record,))] if members else []

    # Reads.

    def history(self, history: History | Absence) -> list[Output[M]]:
        """The journal answered a `Read`, or there is none."""
        served, arrived, fresh = self._reading or {}, self._arrived, self._fresh
        self._reading, self._arrived = None, []
        if isinstance(history, Absence):
            return self._without_journal(history, served, stale=bool(arrived) or not fresh)
        outputs = self._replay(served, history, fresh)
        current = tuple(member for member, cursor in served.items() if cursor == history.last)
        for member in served.keys() - set(current):
            self._waiting[member] = served[member]
        if not fresh:
            self._waiting.update(dict.fromkeys(current, history.last))
        elif current:
            outputs += self._go_live(current, history, arrived)
        return outputs + self._read_if_due()

    def look_again(self) -> list[Output[M]]:
        """Read once more for those who miss the journal."""
        self._waiting.update(self._missing)
        self._missing.clear()
        return self._read_if_due()

    def read_failed(self) -> list[Output[M]]:
        """The journal could not be read: the same is asked again."""
        self._waiting.update(self._reading or {})
        self._reading, self._arrived = None, []
        return self._read_if_due()

    def _read_if_due(self) -> list[Output[M]]:
        if not self._waiting or not self._acknowledged or self._reading is not None:
            return []
        after = _oldest(self._waiting.values())
        if isinstance(after, Tail):
            self._reading = {member: after for member, cursor in self._waiting.items() if cursor == after}
            self._waiting = {member: at for member, at in self._waiting.items() if at != after}
        else:
            self._reading, self._waiting = self._waiting, {}
        self._fresh = True
        return [Read(after)]

    def _replay(self, served: dict[M, Start], history: History, fresh: bool) -> list[Output[M]]:
        """Give each member what it is due, and move its cursor; those with one cursor are served together.

        That there is nothing is for a fresh read to say: with it comes whether the task has ended. Whom the
        read does not concern keeps its cursor, with which the next one asks.
        """
        outputs: list[Output[M]] = []
        groups: dict[Start, list[M]] = {}
        for member, cursor in served.items():
            groups.setdefault(cursor, []).append(member)
        for cursor, members in groups.items():
            replay = history.replay(cursor)
            if replay is None:
                continue
            gap, records, text = replay
            if records or gap or fresh:
                told = records if text is None else [text, *records]
                outputs.append(Deliver(tuple(members), told, gap, history.snapshot))
            at = history.last if isinstance(cursor, Tail) else cursor
            reached = records[-1].id if records else (gap.resume if gap else at)
            served.update(dict.fromkeys(members, reached))
        return outputs

    def _go_live(self, members: tuple[M, ...], history: History, arrived: list[Record]) -> list[Output[M]]:
        """Members that have all of the history get what was published meanwhile, then go live."""
        outputs: list[Output[M]] = []
        tail, reached = _following(history.last, arrived)
        if history.standing:
            outputs.append(Stand(members, history.standing))
        if tail:
            outputs.append(Deliver(members, tail))
        if history.ended or any(record.final for record in tail):
            outputs.append(Close(members, End.FINISHED))
            return outputs + self._drop_if_empty()
        if any(record.id > reached for record in arrived):
            # Another life of the journal began behind what was read.
            self._waiting.update(dict.fromkeys(members, reached))
            return outputs
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

    def _without_journal(self, absence: Absence, served: dict[M, Start], *, stale: bool) -> list[Output[M]]:
        if stale:
            # It was born between the read and now, or may have been while nobody listened.
            self._waiting.update(served)
            return self._read_if_due()
        known = {member: cursor for member, cursor in served.items() if self._knows(cursor, absence)}
        unknown = tuple(member for member in served if member not in known)
        self._missing.update(known)
        outputs: list[Output[M]] = []
        if known:
            outputs += [Deliver(tuple(known), ()), LookLater()]
        if unknown:
            end = End.EXPIRED if absence is Absence.EXPIRED else End.UNKNOWN
            outputs += [Close(unknown, end), *self._drop_if_empty()]
        return outputs + self._read_if_due()

    def _knows(self, cursor: Start, absence: Absence) -> bool:
        """Whether it is certain, for a member, that there is such a task and that it has not ended."""
        if absence is Absence.UNKNOWN:
            return self._is_evidence(self._cursor if isinstance(cursor, Tail) else cursor or self._cursor)
        return absence is Absence.MISSING

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
        self._waiting.update(self._missing)
        self._missing.clear()
        self._live.clear()
        self._ahead.clear()

    def _keep(self, record: Record) -> None:
        if len(self._arrived) < MAX_ARRIVED:
            self._arrived.append(record)
        else:
            self._fresh = False

    def _drop_if_empty(self) -> list[Output[M]]:
        return [] if self.members else [Unsubscribe()]


def _oldest(cursors: Iterable[Start]) -> Start:
    """From where a read serves the most: of those with a tail, it serves those with the same one alone."""
    known: list[EventId] = []
    for cursor in cursors:
        if cursor is None or isinstance(cursor, Tail):
            return cursor
        known.append(cursor)
    return min(known)


def _following(last: EventId, arrived: list[Record]) -> tuple[list[Record], EventId]:
    """The arrived records that continue the journal after its ``last`` one, without a hole; and their end.

    What has no number is among them, where it came.
    """
    tail: list[Record] = []
    for record in arrived:
        if isinstance(record, Unnumbered):
            if record.is_beside(last):
                tail.append(record)
        elif record.id == (last.epoch, last.seq + 1):
            tail.append(record)
            last = record.id
    return tail, last
