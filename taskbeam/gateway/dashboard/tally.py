"""What happened since the last tick, added up event by event. No I/O; O(1) per event."""

from __future__ import annotations

from collections import Counter
from itertools import islice
from typing import TYPE_CHECKING, Any

from taskbeam.gateway.dashboard.durations import Durations
from taskbeam.journal import events

if TYPE_CHECKING:
    from collections.abc import Mapping

#: Jobs of which it is known when they were sent and began, while they go on.
MOST_JOBS = 10_000

#: What is counted of each task's name. Every other state is one of running.
_COUNTED = {
    events.STARTED: "started",
    events.RETRY: "retried",
    events.SUCCESS: "succeeded",
    events.FAILURE: "failed",
    events.REVOKED: "cancelled",
    events.STALLED: "stalled",
    events.LOST: "lost",
}

#: Ends of a run whose time says how long such a task takes.
_MEASURED = (events.SUCCESS, events.FAILURE)


class Tally:
    """Counts by task name, and how long its jobs have waited and run."""

    def __init__(self) -> None:
        self._counts: dict[str, Counter[str]] = {}
        self._waited: dict[str, Durations] = {}
        self._ran: dict[str, Durations] = {}
        # When each was sent, and when its newest run began.
        self._jobs: dict[str, tuple[float | None, float | None]] = {}

    def heard(self, event: Mapping[str, Any], *, first: bool) -> None:
        """Take one event of the contract; ``first``: it is the first of its journal."""
        if event["type"] != "state":
            return
        state, name = event["state"], event["name"] or "?"
        counts = self._counts.setdefault(name, Counter())
        if first:
            counts["sent"] += 1
        if state in _COUNTED:
            counts[_COUNTED[state]] += 1
        self._measure(event, name, first)

    def tick(self) -> dict[str, Any]:
        """What is to be told now: ``tasks``, counts by name, and their ``waited`` and ``ran``.

        Each is how many took how long, as `Durations` has it.
        """
        told = {
            "tasks": {name: dict(counts) for name, counts in self._counts.items()},
            "waited": {name: dict(found) for name, found in self._waited.items()},
            "ran": {name: dict(found) for name, found in self._ran.items()},
        }
        self._counts, self._waited, self._ran = {}, {}, {}
        return told

    def _measure(self, event: Mapping[str, Any], name: str, first: bool) -> None:
        task_id, ts, state = event["task_id"], event["ts"], event["state"]
        sent, began = self._jobs.pop(task_id, (None, None))
        if first:
            sent, began = ts, None
        if state == events.STARTED:
            if sent is not None and began is None:
                self._waited.setdefault(name, Durations()).add(ts - sent)
            began = ts
        elif state in _MEASURED and began is not None:
            self._ran.setdefault(name, Durations()).add(ts - began)
        if not event["final"]:
            self._jobs[task_id] = sent, began
            for forgotten in list(islice(self._jobs, max(0, len(self._jobs) - MOST_JOBS))):
                del self._jobs[forgotten]
