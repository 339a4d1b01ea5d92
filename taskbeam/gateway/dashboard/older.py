"""What the operators' list is read on from when Redis no longer has a task."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from taskbeam.gateway.dashboard.place import Place
    from taskbeam.gateway.dashboard.rows import Kind, Row
    from taskbeam.gateway.dashboard.wanted import Wanted

    #: Rows by their places, the newest first; one without a row says that enough were looked at.
    Placed = AsyncIterator[tuple[Place, Row | None]]


class HistoryAwayError(Exception):
    """The history does not answer; says why."""


class OlderTasks(Protocol):
    """Tasks that have ended. Each method that waits raises `HistoryAwayError`."""

    def rows(
        self,
        wanted: Wanted,
        kind: Kind | None,
        since: float,
        until: float | None,
        before: Place | None,
        most: int,
    ) -> Placed:
        """Those that fit, and maybe others, as `TaskList.page` has it; ``most`` are read at once."""
        ...

    async def row(self, task_id: str) -> Row | None:
        """What is kept of one task."""
        ...

    def counts(self) -> Mapping[str, int]:
        """How many there are, by kind, as of the last count; nothing before that. Waits for nothing."""
        ...

    async def meta(self, task_id: str) -> bytes:
        """What is kept of what Celery had stored of it; empty where that is nothing."""
        ...
