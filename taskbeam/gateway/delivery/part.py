"""Which part of a stream a client asks for, as any transport brings it: from where, and which events."""

from __future__ import annotations

from typing import NamedTuple

from taskbeam.follow.filters import Filter
from taskbeam.gateway.delivery.cursor import parse_cursor
from taskbeam.gateway.problems import INVALID_REQUEST, TaskbeamError
from taskbeam.journal.events import Start, Tail

#: Events that a client may have before it is live, beside all.
MAX_TAIL = 1000


class Part(NamedTuple):
    """From the start on, what the filter lets through; None: everything."""

    start: Start = None
    filter: Filter | None = None


class PartAsked(NamedTuple):
    """The same in a client's words: ``types`` and ``states`` are lists, or texts with commas."""

    after: str | None = None
    types: object = None
    states: object = None
    tail: object = None

    def parse(self) -> Part:
        """What they ask for. A cursor goes before a tail: whoever has one comes back.

        Raises `TaskbeamError` ``invalid_request``, and ``bad_cursor`` for a cursor that is none.
        """
        size, wanted = _tail(self.tail), _filter(self.types, self.states)
        cursor = parse_cursor(self.after)
        return Part(Tail(size) if cursor is None and size is not None else cursor, wanted)


def _filter(types: object, states: object) -> Filter | None:
    try:
        return Filter.asked(types, states)
    except ValueError as error:
        raise TaskbeamError(INVALID_REQUEST, str(error)) from None


def _tail(value: object) -> int | None:
    if value is None:
        return None
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) <= len(str(MAX_TAIL)):
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MAX_TAIL:
        raise TaskbeamError(INVALID_REQUEST, f"tail: a number from 0 to {MAX_TAIL}.")
    return value
