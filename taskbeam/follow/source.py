"""Who writes the journals of tasks because somebody follows them: their workers keep none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

    from taskbeam.journal.events import EventId


class Source(Protocol):
    """What the hub asks of it. Nothing here waits."""

    @property
    def start(self) -> EventId:
        """The cursor of whoever has none: a task without a journal is not unknown."""

    def follow(self, task_id: str) -> None:
        """Somebody follows the task, until `unfollow`."""

    def unfollow(self, task_id: str) -> None:
        """Nobody follows it any more."""

    def when_settled(self, task_id: str, then: Callable[[], None]) -> None:
        """Call ``then``, often at once, when the task's journal has all that is known by now."""
