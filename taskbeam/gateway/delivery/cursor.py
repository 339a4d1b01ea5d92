"""A client's cursor, as any transport brings it."""

from __future__ import annotations

from taskbeam.gateway.problems import BAD_CURSOR, TaskbeamError
from taskbeam.journal.events import EventId, InvalidCursorError


def parse_cursor(text: str | None) -> EventId | None:
    """Return the event id after which a client wants to go on; None where it has none yet.

    Raises `TaskbeamError` ``bad_cursor`` for anything but ``epoch-seq``.
    """
    if not text:
        return None
    try:
        return EventId.parse(text)
    except InvalidCursorError as error:
        raise TaskbeamError(BAD_CURSOR) from error
