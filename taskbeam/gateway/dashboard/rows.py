"""What the operators' list keeps of a task: one row, made of its events. No I/O."""

from __future__ import annotations

from enum import StrEnum
from math import floor
from typing import TYPE_CHECKING, Any

from taskbeam.journal import events

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from taskbeam.journal.events import EventId

#: Members of a row, as the list tells them. Times are in Unix seconds, `waited` in seconds; `epoch` is of its
#: journal.
Row = dict[str, Any]

#: Characters of a message.
MOST_WORDS = 200


class Kind(StrEnum):
    """How a task stands, as the list is filtered by it: each task is of one kind."""

    WAITING = "waiting"
    RUNNING = "running"
    STALLED = "stalled"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    LOST = "lost"


#: Those of tasks that go on.
OPEN = (Kind.WAITING, Kind.RUNNING, Kind.STALLED)
ENDED = tuple(kind for kind in Kind if kind not in OPEN)

_KINDS = {
    events.PENDING: Kind.WAITING,
    events.RETRY: Kind.WAITING,
    events.STALLED: Kind.STALLED,
    events.SUCCESS: Kind.SUCCEEDED,
    events.FAILURE: Kind.FAILED,
    events.REJECTED: Kind.FAILED,
    events.REVOKED: Kind.CANCELLED,
    events.IGNORED: Kind.CANCELLED,
    events.LOST: Kind.LOST,
}


def kind_of(row: Mapping[str, Any]) -> Kind:
    """Of a row; every other state is one of running, a task's own states included."""
    return _KINDS.get(row["state"], Kind.RUNNING)


def change_of(event: Mapping[str, Any], place: EventId) -> Row | None:
    """What one event changes in the row of its task; None: nothing. ``place``: its id."""
    if event["type"] not in ("state", "progress"):
        return None
    state, ts, final = str(event["state"]), float(event["ts"]), bool(event["final"])
    progress, error = event.get("progress") or {}, event.get("error") or {}
    message = (error or progress).get("message")
    change: Row = {
        "id": str(event["task_id"]),
        "name": str(event["name"] or "?"),
        "state": state,
        "epoch": place.epoch,
        "attempt": event["attempt"],
        "ts": ts,
        "percent": progress.get("percent"),
        "message": message and str(message)[:MOST_WORDS],
        "code": error.get("code"),
        "ref": error.get("ref"),
        "ended": ts if final else None,
    }
    if place.seq == 1:
        # The list is ordered by it, in milliseconds; what comes after it is never told to be before.
        change["sent"] = floor(ts * 1000) / 1000
    if state == events.STARTED and event["type"] == "state":
        change["began"] = ts
    return change


def merged(row: Row, change: Row) -> Row:
    """The row after a change. A change with `sent` begins it anew: so does the task's journal."""
    before = {} if "sent" in change else row
    found = {**before, **change}
    if "waited" not in found and "began" in found and "sent" in found:
        found["waited"] = round(max(0.0, found["began"] - found["sent"]), 3)
    return found


def row_of(head: Mapping[str, Any], told: Iterable[tuple[EventId, Mapping[str, Any]]]) -> Row:
    """The row of a task whose events were not heard as they came.

    ``head``: what the journal's head has of `HEAD`, as text. ``told``: its first events and its last ones,
    with their ids.
    """
    epoch = int(head["epoch"]) / 1000
    row: Row = {}
    for place, event in told:
        if (change := change_of(event, place)) is not None:
            row = merged(row, change)
    state = head.get("state") or events.PENDING
    if row.get("state") != state:
        row = {**row, "state": state, "ended": row.get("ts", epoch) if head.get("final") == "1" else None}
    row.setdefault("ts", epoch)
    row.setdefault("sent", epoch)
    known = {"epoch": int(head["epoch"]), "attempt": int(head.get("attempt") or 1)}
    return {**known, "name": head.get("name") or "?", **row}


#: The fields of a journal's head that a row is made of.
HEAD = ("epoch", "state", "final", "attempt", "name", "owner", "tags", "title", "trace")


def labelled(row: Row, head: Mapping[str, Any]) -> Row:
    """The row with what its task was labelled with, and the trace that it is in."""
    tags = (head.get("tags") or "").split("\n")
    labels = {name: head.get(name) for name in ("owner", "title", "trace")} | {
        "tags": list(filter(None, tags))
    }
    return row | {name: value for name, value in labels.items() if value}


def told(row: Row) -> Row:
    """The row without what it has not."""
    return {name: value for name, value in row.items() if value is not None}
