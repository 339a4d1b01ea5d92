"""What happened since the last tick, added up event by event. No I/O; O(1) per event."""

from __future__ import annotations

from collections import Counter
from typing import Any

from taskbeam.journal import events

#: Jobs that are kept while they go on, and jobs that one tick tells of.
MOST_JOBS = 2000
MOST_TOLD = 100

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


class Tally:
    """Counts by task name, and how the jobs stand that something was heard of."""

    def __init__(self) -> None:
        self._counts: dict[str, Counter[str]] = {}
        self._jobs: dict[str, dict[str, Any]] = {}
        self._changed: dict[str, dict[str, Any]] = {}

    def heard(self, event: dict[str, Any], *, first: bool) -> None:
        """Take one event of the contract; ``first``: it is the first of its journal."""
        if event["type"] not in ("state", "progress"):
            return
        state, name = event["state"], event["name"] or "?"
        counts = self._counts.setdefault(name, Counter())
        if first:
            counts["sent"] += 1
        if event["type"] == "state" and state in _COUNTED:
            counts[_COUNTED[state]] += 1
        job = self._noted(event, name)
        if state == events.SUCCESS and "began" in job:
            counts["milliseconds"] += round(1000 * (event["ts"] - job["began"]))

    def tick(self) -> dict[str, Any]:
        """What came since the last one: ``tasks``, counts by name, and ``jobs``, the newest last."""
        told = {
            "tasks": {name: dict(counts) for name, counts in self._counts.items()},
            "jobs": list(self._changed.values())[-MOST_TOLD:],
        }
        self._counts, self._changed = {}, {}
        return told

    def _noted(self, event: dict[str, Any], name: str) -> dict[str, Any]:
        task_id, ts = event["task_id"], event["ts"]
        job = self._jobs.pop(task_id, None) or {"id": task_id, "name": name, "since": ts}
        if event["state"] == events.STARTED:
            job["began"] = ts
        progress = event.get("progress") or {}
        job |= {
            "state": event["state"],
            "attempt": event["attempt"],
            "ts": ts,
            "final": event["final"],
            "percent": progress.get("percent"),
            "message": (event.get("error") or progress).get("message"),
        }
        self._changed.pop(task_id, None)
        self._changed[task_id] = job
        if not event["final"]:
            self._jobs[task_id] = job
            if len(self._jobs) > MOST_JOBS:
                del self._jobs[next(iter(self._jobs))]
        return job
