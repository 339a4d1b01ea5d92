"""Appends as a worker does, and waits for each answer: what a task hears does not depend on the clock."""

from __future__ import annotations

from typing import TYPE_CHECKING

from taskbeam.journal.writer import JournalWriter

if TYPE_CHECKING:
    from collections.abc import Callable

    from redis.connection import AbstractConnection

    from taskbeam.journal.entry import Appended, Entry


class RecordingWriter(JournalWriter):
    """Says what was appended, before the task hears of it."""

    def __init__(
        self, connect: Callable[[], AbstractConnection], appended: Callable[[Entry, Appended], Appended]
    ) -> None:
        """``appended`` gets the answer to an entry, and returns the one that counts."""
        super().__init__(connect)
        self._appended = appended

    def append(self, entry: Entry) -> Appended:
        """As the writer of a worker does."""
        return self._appended(entry, super().append(entry))

    def post(self, entry: Entry) -> Appended:
        """Append, and wait."""
        return self.append(entry)
