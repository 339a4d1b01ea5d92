"""Which tasks somebody wants to know about at this moment. No I/O."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from taskbeam.journal.keys import TaskKeys

#: Seconds for which somebody who asked for a task is taken to want more of it: who polls asks again.
INTEREST = 30.0


class Audience:
    """The tasks of those who follow, from their first moment to the last, and of those who poll.

    ``new``: tasks that nobody has looked at since they were named here.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._followed: set[str] = set()
        self._asked_for: dict[str, float] = {}
        self.new: dict[str, TaskKeys] = {}

    def follow(self, task_id: str, keys: TaskKeys) -> None:
        """Somebody follows the task."""
        self._followed.add(task_id)
        self.new[task_id] = keys

    def unfollow(self, task_id: str) -> None:
        """Nobody follows it any more."""
        self._followed.discard(task_id)

    def ask(self, task_id: str, keys: TaskKeys) -> None:
        """Somebody asked for the task."""
        self._asked_for[task_id] = self._clock() + INTEREST
        self.new[task_id] = keys

    def wants(self, task_id: str) -> bool:
        """Whether anybody is there for the task."""
        return task_id in self._followed or task_id in self._asked_for

    def leave(self) -> None:
        """Those whose interest is over go, and what nobody wants is not new either."""
        now = self._clock()
        self._asked_for = {task_id: end for task_id, end in self._asked_for.items() if end > now}
        self.new = {task_id: keys for task_id, keys in self.new.items() if self.wants(task_id)}
