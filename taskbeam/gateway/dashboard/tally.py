"""What happened since the last tick, added up event by event. No I/O; O(1) per event.

One tick tells of so many jobs. The others wait for the next ones, so no job that was told as open stays so
when it has ended. Where more come and go than can be told, some that never were are left out, and counted.
"""

from __future__ import annotations

from collections import Counter
from itertools import islice
from typing import Any

from taskbeam.journal import events

#: Jobs that are kept while they go on, jobs that one tick tells of, and jobs that wait to be told.
MOST_JOBS = 2000
MOST_TOLD = 100
MOST_WAITING = 2000

#: Characters of a job's message.
MOST_WORDS = 200

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
        # To be told, the one that waits longest first; and those that were told as open.
        self._waiting: dict[str, dict[str, Any]] = {}
        self._shown: dict[str, None] = {}

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
        """What is to be told now: ``tasks``, counts by name, and ``jobs``, each as it is now.

        ``omitted``: ended jobs that no tick will tell of, if there are any.
        """
        told: dict[str, Any] = {
            "tasks": {name: dict(counts) for name, counts in self._counts.items()},
            "jobs": [self._told(task_id) for task_id in self._next()],
        }
        self._counts = {}
        if omitted := self._omit():
            told["omitted"] = omitted
        return told

    def _next(self) -> list[str]:
        """First the ends of jobs that were told as open, then whatever waits longest."""
        ends = [task_id for task_id, job in self._waiting.items() if job["final"] and task_id in self._shown]
        return list(dict.fromkeys([*ends, *self._waiting]))[:MOST_TOLD]

    def _told(self, task_id: str) -> dict[str, Any]:
        job = self._waiting.pop(task_id)
        self._shown.pop(task_id, None)
        if not job["final"]:
            self._shown[task_id] = None
            _drop_oldest(self._shown, 2 * MOST_JOBS)
        return job

    def _omit(self) -> int:
        """Ended jobs that nobody was told of may be left out; the counts have them."""
        excess = max(0, len(self._waiting) - MOST_WAITING)
        ends = (task_id for task_id, job in self._waiting.items() if job["final"])
        omitted = list(islice((task_id for task_id in ends if task_id not in self._shown), excess))
        for task_id in omitted:
            del self._waiting[task_id]
        return len(omitted)

    def _noted(self, event: dict[str, Any], name: str) -> dict[str, Any]:
        task_id, ts = event["task_id"], event["ts"]
        job = self._jobs.pop(task_id, None) or {"id": task_id, "name": name, "since": ts}
        if event["state"] == events.STARTED:
            job["began"] = ts
        progress = event.get("progress") or {}
        message = (event.get("error") or progress).get("message")
        job |= {
            "state": event["state"],
            "attempt": event["attempt"],
            "ts": ts,
            "final": event["final"],
            "percent": progress.get("percent"),
            "message": message and message[:MOST_WORDS],
        }
        self._waiting[task_id] = job
        if not event["final"]:
            self._jobs[task_id] = job
            for forgotten in _drop_oldest(self._jobs, MOST_JOBS):
                if forgotten not in self._shown:
                    self._waiting.pop(forgotten, None)
        return job


def _drop_oldest(kept: dict[str, Any], most: int) -> list[str]:
    """Their ids."""
    excess = list(islice(kept, max(0, len(kept) - most)))
    for task_id in excess:
        del kept[task_id]
    return excess
