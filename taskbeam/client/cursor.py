"""What a client does with an event that arrives. Pure.

``tests/data/cursor_cases.json`` holds these rules, the browser's and the gateway's to the same cases.
"""

from __future__ import annotations

from enum import Enum, auto
from typing import TYPE_CHECKING, Any

from taskbeam.journal.events import EventId

if TYPE_CHECKING:
    from collections.abc import Mapping


#: The cursor of a feed that has no events yet: from the start.
START = EventId(0, 0)


class Verdict(Enum):
    """What to do with an event."""

    TAKE = auto()
    #: It was there before.
    DROP = auto()
    #: Something is missing before it: ask for what follows the cursor.
    ASK = auto()


def verdict(cursor: EventId | None, event: Mapping[str, Any], *, first: bool) -> Verdict:
    """Judge an event by the cursor.

    Args:
        cursor: the id of the last event that was taken; None and `START` before any.
        event: the body, as it came. One without an ``id`` moves no cursor, and is always taken.
        first: whether it is the first event of an answer that began at the beginning. Without a cursor only
            such a one is taken: what began elsewhere says nothing about what was before.

    Raises `InvalidCursorError` for an ``id`` that is none.
    """
    if "id" not in event:
        return Verdict.TAKE
    found = EventId.parse(event["id"])
    if cursor is None or cursor == START:
        return Verdict.TAKE if first else Verdict.DROP
    if event.get("type") == "gap":
        return Verdict.TAKE if _concerns(cursor, found, event["gap"]) else Verdict.DROP
    if found <= cursor:
        return Verdict.DROP
    return Verdict.TAKE if found == EventId(cursor.epoch, cursor.seq + 1) else Verdict.ASK


def _concerns(cursor: EventId, found: EventId, gap: Mapping[str, str]) -> bool:
    """Whether a gap is one for this cursor, too, which may not be the one that was asked with."""
    after = EventId.parse(gap["after"])
    # Within one epoch: the journal lost its newest events, so the stream goes back.
    shorter = gap["reason"] == "epoch" and cursor.epoch == after.epoch == found.epoch
    return after == cursor or shorter or found > cursor
