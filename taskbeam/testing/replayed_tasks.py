"""The recorded tasks, each from when it is first asked for; and as often again as somebody sends it."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from taskbeam.follow.filters import Filter
from taskbeam.journal.events import EventId
from taskbeam.testing.replay import Follower, ReplayedTask

if TYPE_CHECKING:
    from collections.abc import Sequence
    from os import PathLike

    from taskbeam.testing.replay import Plan


class ReplayedTasks:
    """What the gateway of a recording knows."""

    def __init__(self, recording: str | PathLike[str] | Mapping[str, Any], plan: Plan) -> None:
        """``recording``: a file that `Recording.save` wrote, or what is in it."""
        read = recording if isinstance(recording, Mapping) else json.loads(Path(recording).read_text())
        self._recorded: Mapping[str, Sequence[Mapping[str, Any]]] = read["tasks"]
        self._plan = plan
        # With the time at which it began.
        self._begun: dict[str, tuple[ReplayedTask, float]] = {}

    def named(self, name: str) -> str:
        """The id under which a task of this name was recorded. Raises `KeyError`."""
        for task_id, bodies in self._recorded.items():
            if bodies[-1]["name"] == name:
                return task_id
        raise KeyError(f"no task {name} is recorded")

    def find(self, task_id: str) -> ReplayedTask | None:
        """The task, which begins now unless it has; None where there is none with this id."""
        if task_id not in self._begun and task_id in self._recorded:
            self._begin(task_id, task_id)
        found = self._begun.get(task_id)
        return found and found[0]

    def send(self, recorded: str) -> ReplayedTask:
        """Another task that goes as the recorded one, with an id of its own."""
        return self._begin(str(uuid4()), recorded)

    def age(self, task: ReplayedTask) -> float:
        """Seconds since it began."""
        return time.monotonic() - self._begun[task.task_id][1]

    def follower(
        self, task: ReplayedTask, after: str | None, types: object = None, states: object = None
    ) -> Follower:
        """A client from its cursor on, with the filter that it asks for.

        Raises `InvalidCursorError`, and another `ValueError` for a filter that is none.
        """
        wanted = Filter.asked(types, states)
        return Follower(task, EventId.parse(after) if after else None, self._plan, wanted)

    def _begin(self, task_id: str, recorded: str) -> ReplayedTask:
        task = ReplayedTask(task_id, self._recorded[recorded], self._plan)
        self._begun[task_id] = (task, time.monotonic())
        return task
