"""The events of the contract (docs/contract.md), as types to `match` on. Unknown members are ignored."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


class MalformedEventError(ValueError):
    """What came is no event of the contract."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a run is; ``percent`` from 0 to 100."""

    current: float | None
    total: float | None = None
    percent: float | None = None
    message: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskFault:
    """What went wrong, for people and programs; the operator finds ``ref`` in the log."""

    code: str
    message: str
    ref: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """When the next attempt is due (Unix seconds), in how many seconds; ``max``: the most retries."""

    at: float
    delay: float
    max: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """Seconds from the event's ``ts`` until the task starts and ends; ``spread``: how wrong both are."""

    start: float | None = None
    end: float | None = None
    spread: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A named part of what the task does; ``state``: running, done, failed or stopped.

    ``depth``: how many steps are around it; ``weight``: its share of what is around it, in percent.
    """

    name: str
    state: str
    depth: int = 0
    weight: float | None = None
    percent: float | None = None
    message: str | None = None
    #: Unix seconds.
    began: float
    ended: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """A piece of the text that an attempt writes; ``offset``: where it begins, in UTF-16 code units.

    ``omitted``: how many units of the attempt's text are nowhere in it, up to this event.
    """

    offset: int
    text: str
    omitted: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What every event of a task says. ``raw`` is the whole body."""

    #: `epoch-seq`: the cursor to go on from. None where the event has no place in the journal.
    id: str | None = None
    task_id: str
    #: The task's, where a writer knew it.
    name: str | None = None
    #: Empty where the event tells none.
    state: str = ""
    #: From 1. Where `source` is set it may not be known, and is 1.
    attempt: int = 1
    #: Unix seconds by the writer's clock.
    ts: float = 0.0
    #: Nothing comes after this event.
    final: bool = False
    #: How many `log`, `data` and `output` events were lost just before this one.
    dropped: int = 0
    #: ``celery``: heard of a worker without Taskbeam.
    source: str | None = None
    #: False, with `source`: nothing is stored of the task, which may wait, or not exist.
    known: bool = True
    raw: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class StateEvent(Event):
    """A transition, or a new snapshot of a waiting task."""

    progress: Progress | None = None
    #: With SUCCESS; `result_omitted` where it has no JSON form or is too large.
    result: Any = None
    result_omitted: bool = False
    error: TaskFault | None = None
    retry: Retry | None = None
    estimate: Estimate | None = None
    steps: tuple[Step, ...] = ()
    steps_omitted: int = 0
    eta: str | None = None
    ahead: int | None = None
    waiting: str | None = None
    requeued: bool = False
    replaced: bool = False
    cancel: str | None = None
    data: Any = None
    data_omitted: bool = False
    files: tuple[str, ...] = ()
    files_omitted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgressEvent(Event):
    """The task reported how far it is."""

    progress: Progress | None = None
    estimate: Estimate | None = None
    #: All that the run has begun; of more than 50 the newest, and how many others have ended.
    steps: tuple[Step, ...] = ()
    steps_omitted: int = 0
    data: Any = None
    data_omitted: bool = False
    files: tuple[str, ...] = ()
    files_omitted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class LogEvent(Event):
    """A line of text."""

    data: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DataEvent(Event):
    """A chunk that the task emitted; `data_omitted` where it has no JSON form or is too large."""

    data: Any = None
    data_omitted: bool = False
    files: tuple[str, ...] = ()
    files_omitted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputEvent(Event):
    """Text that the task wrote. Without an ``id``: all of the attempt's text so far."""

    output: Output


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherEvent(Event):
    """Of a type that this version of the client does not know: look at ``raw``."""

    type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """Events are missing behind the cursor ``after``.

    ``reason`` is ``trimmed``, ``epoch`` or ``unheard``.
    """

    after: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GapEvent:
    """Events are missing; ``snapshot`` is the newest one with the state, newer than what follows."""

    id: str
    gap: Gap
    #: ``celery``: it stands in the journal itself; its reason is ``unheard``.
    source: str | None = None
    #: None for a feed, which is to be read anew.
    task_id: str | None = None
    feed: str | None = None
    snapshot: Event | None = None
    final: bool = False
    raw: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedEvent:
    """A task's event in a feed. ``id`` is the feed's cursor; None for what has no place in it."""

    feed: str
    event: Event
    #: Counts of its tasks, as ``total``, ``open`` and ``done`` by state. None for what changes none.
    rollup: Mapping[str, Any] | None = None
    id: str | None = None
    raw: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class RollupEvent:
    """Of a feed's tasks only the counts have changed, such as by the size that a group will have."""

    feed: str
    rollup: Mapping[str, Any]
    id: str | None = None
    raw: Mapping[str, Any]


_KINDS: dict[str, type[Event]] = {
    "state": StateEvent,
    "progress": ProgressEvent,
    "log": LogEvent,
    "data": DataEvent,
    "output": OutputEvent,
}

#: Members that are objects.
_PARTS: dict[str, type[Any]] = {
    "progress": Progress,
    "error": TaskFault,
    "retry": Retry,
    "estimate": Estimate,
    "output": Output,
    "gap": Gap,
}


def task_event(body: Mapping[str, Any]) -> Event | GapEvent:
    """Read one event of a task. Raises `MalformedEventError`."""
    if body.get("type") == "gap":
        snapshot = body.get("snapshot")
        gap: GapEvent = _made(GapEvent, body, snapshot=None if snapshot is None else _event(snapshot))
        return gap
    return _event(body)


def state_of(body: Mapping[str, Any]) -> Event:
    """Read a task's snapshot. Raises `MalformedEventError`."""
    return _event(body)


def feed_event(body: Mapping[str, Any]) -> FeedEvent | RollupEvent | GapEvent:
    """Read one event of a feed. Raises `MalformedEventError`."""
    event: FeedEvent | RollupEvent | GapEvent
    if body.get("type") == "gap":
        event = _made(GapEvent, body, snapshot=None)
    elif "event" in body:
        event = _made(FeedEvent, body, event=_event(body["event"]))
    else:
        event = _made(RollupEvent, body)
    return event


def listed_event(feed: str, body: Mapping[str, Any], rollup: Mapping[str, Any]) -> FeedEvent:
    """A task of a feed's list, with the counts of that moment. Raises `MalformedEventError`."""
    raw = {"feed": feed, "type": "task", "rollup": rollup, "event": body}
    return FeedEvent(feed=feed, event=_event(body), rollup=rollup, raw=raw)


def _event(body: Any) -> Event:
    kind = _KINDS.get(str(body.get("type")), OtherEvent) if isinstance(body, dict) else OtherEvent
    event: Event = _made(kind, body)
    return event


def _made(kind: type[Any], body: Any, **more: Any) -> Any:
    """Make one of what ``body`` has; ``more`` replaces what stands there."""
    try:
        members = {each.name: body[each.name] for each in fields(kind) if each.name in body}
        for name, part in _PARTS.items():
            if members.get(name) is not None:
                members[name] = _made(part, members[name])
        if "files" in members:
            members["files"] = tuple(members["files"])
        if "steps" in members:
            members["steps"] = tuple(_made(Step, step) for step in members["steps"])
        if "raw" in kind.__slots__ or issubclass(kind, Event):
            members["raw"] = body
        return kind(**{**members, **more})
    except (TypeError, AttributeError) as error:
        raise MalformedEventError(f"This is no {kind.__name__}: {str(body)[:200]}") from error
