"""Which events of a stream a client wants, by their type and state. No I/O here.

A gap and an end are for everybody, and what is left out moves the cursor all the same: a client that comes
back does not get it again, nor a gap where the log no longer has it.
"""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from taskbeam.follow.event import Event

if TYPE_CHECKING:
    from collections.abc import Sequence

    from taskbeam.follow.follower import Sink
    from taskbeam.follow.outputs import End
    from taskbeam.journal.events import EventId
    from taskbeam.measures.follow_counts import FollowCounts


#: The types of a task's events, and of a feed's that are about no task. A gap is for everybody.
TYPES = ("state", "progress", "log", "data", "output", "rollup")

#: Types or states that one filter may name, and characters of each.
MAX_NAMES, MAX_NAME = 20, 100


class Told(NamedTuple):
    """What a filter looks at. ``always``: it is a gap, or the end of what is followed."""

    type: str
    state: str | None
    always: bool


class Passed(Event):
    """Moves a client's cursor past events that it does not want, and is no event itself.

    An event stream's block without data sets the last event id and is not dispatched (HTML standard, 9.2.6).
    On a socket it is a message of the gateway's own.
    """

    __slots__ = ()

    def __init__(self, id: EventId) -> None:  # noqa: A002
        super().__init__(id, b'{"op":"cursor","id":"%d-%d"}' % id)
        self._sse = b"id: %d-%d\n\n" % id


class Filter(NamedTuple):
    """The types and states that are wanted; None: all. Of a feed's event, that of its task is looked at."""

    types: frozenset[str] | None
    states: frozenset[str] | None

    @classmethod
    def asked(cls, types: object, states: object) -> Filter | None:
        """What a client asks for, by lists or by texts with commas. Raises `ValueError` with words for it."""
        if types is None and states is None:
            return None
        wanted = _names("types", types)
        if wanted is not None and not wanted <= set(TYPES):
            raise ValueError(f"types: each is one of {', '.join(TYPES)}.")
        return cls(wanted, _names("states", states))

    def wants(self, event: Event) -> bool:
        """Whether the client gets the event."""
        told = told_by(event)
        if told.always:
            return True
        return (self.types is None or told.type in self.types) and (
            self.states is None or told.state in self.states
        )

    def pick(self, events: Sequence[Event]) -> list[Event]:
        """What the client gets of a delivery; then a `Passed`, where the last numbered one is none of it."""
        picked: list[Event] = []
        passed: EventId | None = None
        for event in events:
            if self.wants(event):
                picked.append(event)
                passed = None if event.id is not None else passed
            elif event.id is not None:
                passed = event.id
        if passed is not None:
            picked.append(Passed(passed))
        return picked


class FilteredSink:
    """Stands between the hub and a sink."""

    __slots__ = ("_counts", "_filter", "_sink")

    def __init__(self, sink: Sink, filter: Filter, counts: FollowCounts) -> None:  # noqa: A002
        self._sink = sink
        self._filter = filter
        self._counts = counts

    def deliver(self, events: Sequence[Event]) -> None:
        self._sink.deliver(picked(events, self._filter, self._counts))

    def finish(self, end: End) -> None:
        self._sink.finish(end)


def filtered(sink: Sink, filter: Filter | None, counts: FollowCounts) -> Sink:  # noqa: A002
    """The sink, behind the filter where there is one."""
    return sink if filter is None else FilteredSink(sink, filter, counts)


def picked(events: Sequence[Event], filter: Filter, counts: FollowCounts) -> list[Event]:  # noqa: A002
    """As `Filter.pick`; of what was delivered, the client is told no more than this."""
    found = filter.pick(events)
    counts.withheld(events)
    counts.told([event for event in found if not isinstance(event, Passed)])
    return found


def told_by(event: Event) -> Told:
    """Read from the event's body, once however many filters look at it."""
    with suppress(AttributeError):
        return event.told
    body = json.loads(event.body)
    inner = body.get("event", body)
    ends = body.get("final") is True or body.get("rollup", {}).get("final") is True
    always = body["type"] == "gap" or ends
    event.told = Told(inner["type"], inner.get("state"), always)
    return event.told


def _names(member: str, value: object) -> frozenset[str] | None:
    if value is None:
        return None
    names = value.split(",") if isinstance(value, str) else value
    if not isinstance(names, list) or not 0 < len(names) <= MAX_NAMES or not all(map(_is_name, names)):
        raise ValueError(f"{member}: 1 to {MAX_NAMES} names.")
    return frozenset(names)


def _is_name(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= MAX_NAME
