"""A recorded task that happens again: what is told by when, and how far a client is. No I/O, no clock."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from taskbeam.contract.events import Event as TypedEvent
from taskbeam.contract.events import task_event
from taskbeam.contract.text import Text
from taskbeam.follow.event import Event, gap_event
from taskbeam.journal.events import EventId, Record, Unnumbered
from taskbeam.journal.history import History

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from taskbeam.follow.filters import Filter

#: Seconds between two events, unless the plan says otherwise.
DEFAULT_INTERVAL = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How recorded tasks are replayed.

    - ``interval``: seconds between two events; None = as much as when they were recorded.
    - ``cut_after``: events after which each connection is cut, in the middle of the next one; None = never.
    - ``keep``: events that the journal keeps; who wants older ones gets a gap. None = all.
    """

    interval: float | None = DEFAULT_INTERVAL
    cut_after: int | None = None
    keep: int | None = None


class ReplayedTask:
    """One task, from its first event on. ``age`` is how many seconds ago that was."""

    def __init__(self, task_id: str, bodies: Sequence[Mapping[str, Any]], plan: Plan) -> None:
        self.task_id = task_id
        self._bodies: list[dict[str, Any]] = []
        self._records: list[Record] = []
        self._due: list[float] = []
        self._keep = plan.keep
        began = bodies[0]["ts"] if bodies else 0.0
        for number, body in enumerate(bodies):
            due = number * plan.interval if plan.interval is not None else body["ts"] - began
            self._add({**body, "task_id": task_id}, max(due, self._due[-1] if self._due else 0.0))

    def history(self, after: EventId | None, age: float) -> History:
        """What the journal says at this age, as the real one says it."""
        seen = self._records[: self._seen(age)]
        kept = seen if self._keep is None else seen[-self._keep :]
        newest = seen[-1].id
        first = EventId(newest.epoch, kept[0].id.seq - 1)
        fits = after is None or (after.epoch == newest.epoch and first.seq <= after.seq <= newest.seq)
        records = kept if after is None or not fits else [each for each in kept if each.id > after]
        own = any(record.id == after for record in kept)
        text = None if own else self._text(len(seen))
        return History(newest, self._snapshot(len(seen)), records, False, after, fits, text)

    def wait(self, age: float) -> float | None:
        """Seconds until there is something new; None where nothing more comes."""
        seen = self._seen(age)
        return self._due[seen] - age if seen < len(self._due) else None

    def ended(self, age: float) -> bool:
        """Whether its last event is final, and there."""
        return self._records[self._seen(age) - 1].final

    def cancel(self, age: float) -> None:
        """Somebody cancels it: it is asked to stop, and does."""
        seen = self._seen(age)
        del self._bodies[seen:], self._records[seen:], self._due[seen:]
        last = self._bodies[-1]
        told = {key: last[key] for key in ("task_id", "name", "attempt", "ts")} | {"type": "state"}
        epoch, seq = self._records[-1].id
        asked = {"state": last["state"], "final": False, "cancel": "requested"}
        fault = {"code": "revoked", "message": "The task was revoked.", "ref": "replayed"}
        revoked = {"state": "REVOKED", "final": True, "error": fault}
        for number, more in enumerate((asked, revoked), 1):
            self._add({"id": f"{epoch}-{seq + number}", **told, **more}, age)

    def _add(self, body: dict[str, Any], due: float) -> None:
        encoded = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
        self._bodies.append(body)
        self._records.append(Record(EventId.parse(body["id"]), body["final"], encoded))
        self._due.append(due)

    def _seen(self, age: float) -> int:
        """How many events are there. The first one is there at once."""
        return max(sum(due <= age for due in self._due), 1)

    def _snapshot(self, seen: int) -> Record:
        told = (number for number in reversed(range(seen)) if self._bodies[number]["type"] in _TELLS_STATE)
        return self._records[next(told, 0)]

    def _text(self, seen: int) -> Unnumbered | None:
        """What the newest attempt has written so far."""
        text = Text()
        for body in self._bodies[:seen]:
            text.take(cast("TypedEvent", task_event(body)))
        if not str(text):
            return None
        last = self._bodies[seen - 1]
        members = {key: last[key] for key in ("task_id", "state", "name", "attempt")}
        output = {"offset": 0, "text": str(text)}
        body = members | {"type": "output", "final": False, "output": output}
        return Unnumbered(json.dumps(body, ensure_ascii=False).encode())


#: Types of events whose newest is the snapshot.
_TELLS_STATE = ("state", "progress")


class Follower:
    """One client on one connection: from its cursor to the end, or to where it is cut."""

    def __init__(
        self, task: ReplayedTask, after: EventId | None, plan: Plan, wanted: Filter | None = None
    ) -> None:
        """``wanted``: the events that the client asks for; None = all."""
        self._task = task
        self._wanted = wanted
        self._left = plan.cut_after
        #: What the client has, once it has read what `take` gave.
        self.after = after
        #: The event in whose middle the connection is to be cut.
        self.cut: Event | None = None
        self.finished = False

    def take(self, age: float) -> list[Event]:
        """What is due to the client now."""
        history = self._task.history(self.after, age)
        replay = history.replay(self.after)
        assert replay is not None, "the cursor is the one that was asked for"
        events = [Event.of(record) for record in (*([replay.text] if replay.text else ()), *replay.records)]
        if replay.gap is not None:
            subject = b'"task_id":%b' % json.dumps(self._task.task_id).encode()
            events.insert(0, gap_event(subject, replay.gap, history.snapshot))
        if self._left is not None and len(events) > self._left:
            self.cut = events[self._left]
            del events[self._left :]
        if self._left is not None:
            self._left -= len(events)
        self.after = next((event.id for event in reversed(events) if event.id is not None), self.after)
        self.finished = self.cut is None and history.ended and self.after == history.last
        return events if self._wanted is None else self._wanted.pick(events)
