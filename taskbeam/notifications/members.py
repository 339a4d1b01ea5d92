"""What is due, as it stands in the sorted set: an end that is to be told, or one message to one target. Pure.

A member names its event, so that the end of a task that is sent again under the same id is another one.
"""

from __future__ import annotations

from hashlib import sha256
from typing import NamedTuple, TypeAlias

from taskbeam.journal.events import EventId


class End(NamedTuple):
    """A task has ended, and somebody asked to be told. ``id`` is that of the event."""

    id: EventId
    task_id: str

    def __str__(self) -> str:
        # The append script writes it, too.
        return f"end {self.id} {self.task_id}"


class Message(NamedTuple):
    """One target is to be told of one end.

    - ``target``: an id without spaces.
    - ``replayed``: somebody wants it once more, so nobody asks whether it is wanted.
    """

    target: str
    end: End
    replayed: bool = False

    def __str__(self) -> str:
        kind = "again" if self.replayed else "to"
        return f"{kind} {self.target} {self.end.id} {self.end.task_id}"

    @property
    def id(self) -> str:
        """Its own name, the same however often it is sent (Standard Webhooks: without full stops)."""
        first = str(self._replace(replayed=False))
        return "msg_" + sha256(first.encode()).hexdigest()[:32]


Due: TypeAlias = End | Message


def read_due(member: str) -> Due:
    """Read a member; raises `ValueError` for what is none."""
    kind, _, rest = member.partition(" ")
    if kind in ("to", "again"):
        target, _, rest = rest.partition(" ")
        return Message(target, _end(rest), replayed=kind == "again")
    if kind == "end":
        return _end(rest)
    raise ValueError(f"This is nothing that is due: {member!r}")


def _end(text: str) -> End:
    event_id, separator, task_id = text.partition(" ")
    if not separator or not task_id:
        raise ValueError(f"This names no end of a task: {text!r}")
    return End(EventId.parse(event_id), task_id)
