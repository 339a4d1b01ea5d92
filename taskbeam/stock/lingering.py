"""Which tasks are heard though nobody follows them: who polls asks again, who was cut comes back. No I/O."""

from __future__ import annotations

from typing import Final

#: Seconds.
LINGER: Final = 60.0

#: Tasks at the same time. Of more, those that were asked for first go.
MAX_LINGERING: Final = 5000


class Lingering:
    """Tasks by their ids, those that were asked for last at the end."""

    def __init__(self) -> None:
        self._until: dict[str, float] = {}

    def __len__(self) -> int:
        return len(self._until)

    def keep(self, task_id: str, now: float) -> None:
        """Somebody has just asked for the task, or does not follow it any more. ``now`` in seconds."""
        self._until.pop(task_id, None)
        self._until[task_id] = now + LINGER

    def leave(self, task_id: str) -> None:
        """Somebody follows it."""
        self._until.pop(task_id, None)

    def take_over(self, now: float) -> list[str]:
        """Those whose time is over, and those that are too many: they are forgotten here."""
        over = []
        while self._until:
            task_id, until = next(iter(self._until.items()))
            if until > now and len(self._until) <= MAX_LINGERING:
                break
            del self._until[task_id]
            over.append(task_id)
        return over
