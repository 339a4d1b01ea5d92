"""The words of the contract: states, event types, and ids that order one task's events."""

from __future__ import annotations

import re
from typing import NamedTuple, TypeAlias

PENDING = "PENDING"
STARTED = "STARTED"
PROGRESS = "PROGRESS"
RETRY = "RETRY"
SUCCESS = "SUCCESS"
FAILURE = "FAILURE"
REVOKED = "REVOKED"

#: Celery knows these ends and stores neither.
IGNORED = "IGNORED"
REJECTED = "REJECTED"

#: About the worker, and ours alone: its lease ran out; and nobody will deliver the task again.
STALLED = "STALLED"
LOST = "LOST"

#: States after which a task's stream ends. Every other state is open, a task's own states included.
FINAL_STATES = frozenset({SUCCESS, FAILURE, REVOKED, IGNORED, REJECTED, LOST})

#: How an `EventId` is written.
CURSOR = re.compile(r"(0|[1-9][0-9]{0,15})-(0|[1-9][0-9]{0,9})", re.ASCII)


class InvalidCursorError(ValueError):
    """A client's cursor is not an event id."""


class EventId(NamedTuple):
    """The place of an event in its task's journal, written ``epoch-seq``.

    ``epoch`` is the time in ms at which the journal was born, ``seq`` counts from 1 without holes.
    A journal that was lost and born again has a larger epoch, so an old cursor is never mistaken
    for a new one (the idea is Centrifugo's stream position).
    """

    epoch: int
    seq: int

    def __str__(self) -> str:
        return f"{self.epoch}-{self.seq}"

    @classmethod
    def parse(cls, text: str) -> EventId:
        """Read a client's cursor; raises `InvalidCursorError` for anything but ``epoch-seq``."""
        match = CURSOR.fullmatch(text)
        if match is None:
            raise InvalidCursorError(text[:40])
        return cls(int(match[1]), int(match[2]))


class Tail(NamedTuple):
    """Instead of a cursor: begin with the newest so many events, as far as the journal still has them."""

    size: int


#: From where somebody follows; None: from the first event that the journal still has.
Start: TypeAlias = EventId | Tail | None


class Record:
    """One event as the journal keeps it and publishes it: ``<epoch>-<seq> <0|1> <JSON body>``.

    The gateway reads the id and the final mark, which stand before the body, and forwards the body
    as it is. A slotted class and no dataclass: one is made for every event that a gateway receives.
    """

    __slots__ = ("body", "final", "id")

    def __init__(self, id: EventId, final: bool, body: bytes) -> None:  # noqa: A002
        self.id = id
        self.final = final
        self.body = body

    @classmethod
    def parse(cls, raw: bytes) -> Record:
        """Read what the append script wrote; raises `ValueError` for anything else."""
        position, mark, body = raw.split(b" ", 2)
        epoch, seq = position.split(b"-")
        return cls(EventId(int(epoch), int(seq)), mark == b"1", body)

    def __repr__(self) -> str:
        return f"<Record {self.id}{' final' if self.final else ''} {self.body[:80]!r}>"


class Unnumbered(Record):
    """What is told beside the records: it has no place in the journal, and moves no cursor.

    ``epoch`` is that of the journal which it is told beside; 0: it was read, and came by no channel.
    """

    __slots__ = ("epoch",)

    def __init__(self, body: bytes, epoch: int = 0) -> None:
        super().__init__(EventId(0, 0), False, body)
        self.epoch = epoch

    def is_beside(self, position: EventId) -> bool:
        """Whether it is told beside the journal that has this position."""
        return self.epoch == position.epoch
