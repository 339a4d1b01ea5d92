"""Journals that are gone though somebody knows the task: for how long that is believed."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from taskbeam.journal.limits import DEFAULT_KEEP

if TYPE_CHECKING:
    from collections.abc import Callable

    from taskbeam.journal.events import EventId

#: Journals that are missed at the same time; of more, those that have been missed for longest begin anew.
MAX_MISSED = 10_000


class MissingJournals:
    """What a cursor proves of a task that has no journal.

    A cursor is an event id, and so the task was known. If nothing is left of it, not even the tombstone that
    outlives a journal by a week, Redis has lost its data. The task may well run, and then speaks again. So
    this is no fate, and whoever has the cursor waits, but not for ever: for the grace that a silent run has,
    too. A cursor older than a week proves nothing, for then the tombstone may have gone in its own time.
    """

    def __init__(
        self,
        grace: float,
        *,
        clock: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        """``grace``: seconds for which a journal may be missed. The clocks tell seconds."""
        self._grace = grace
        self._clock = clock
        self._wall_clock = wall_clock
        self._since: dict[bytes, float] = {}

    def is_evidence(self, name: bytes, cursor: EventId | None) -> bool:
        """Whether ``cursor`` shows, now, that the task with the channel ``name`` is known."""
        if cursor is None or self._wall_clock() - cursor.epoch / 1000 > DEFAULT_KEEP:
            return False
        now = self._clock()
        since = self._since.get(name)
        if since is None:
            if len(self._since) >= MAX_MISSED:
                del self._since[next(iter(self._since))]
            since = self._since[name] = now
        return now - since < self._grace

    def found(self, name: bytes) -> None:
        """There is a journal."""
        if self._since:
            self._since.pop(name, None)
