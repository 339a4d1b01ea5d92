"""Journals of jobs as a worker writes them, at any pace. What is to be written is known before: `plan`."""

from __future__ import annotations

import random
import time
from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

from taskbeam.journal import events

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tests.support.journal import Journals, Task

NAMES = ("reports.generate", "images.resize", "mails.send", "invoices.export", "orders.import")
OWNERS = ("ada", "grace", "linus", "margaret")

#: Of a hundred jobs the first ones fail, the next are cancelled, and the next are lost.
FAIL, CANCELLED, LOST = 4, 1, 1

_ERROR = {"code": "no_such_month", "message": "There is no month 13.", "ref": "4b332a9b"}


class Step(NamedTuple):
    """One event of one job: so many seconds after the beginning."""

    at: float
    job: int
    members: dict[str, Any]


def plan(count: int, seconds: float, seed: int = 7) -> list[Step]:
    """The events of so many jobs, in their order; they are sent at an even pace within so many seconds.

    A job waits for a part of a second, runs for some seconds, and tells six times how far it is.
    """
    chance = random.Random(seed)
    steps: list[Step] = []
    for job in range(count):
        at = job * seconds / count
        steps.append(Step(at, job, {"state": events.PENDING, "type": "state"}))
        at += chance.uniform(0.05, 0.5)
        steps.append(Step(at, job, {"state": events.STARTED, "type": "state"}))
        pause = chance.uniform(0.1, 1.0)
        for done in range(1, 7):
            at += pause
            progress = {"current": done, "total": 6, "percent": round(done / 6 * 100, 1), "message": "Rows"}
            steps.append(Step(at, job, {"progress": progress}))
        steps.append(Step(at + pause, job, _end(job % 100)))
    return sorted(steps, key=lambda step: (step.at, step.job))


def _end(number: int) -> dict[str, Any]:
    end = {"type": "state", "final": True}
    if number < FAIL:
        return end | {"state": events.FAILURE, "error": _ERROR}
    if number < FAIL + CANCELLED:
        return end | {"state": events.REVOKED}
    if number < FAIL + CANCELLED + LOST:
        return end | {"state": events.LOST}
    return end | {"state": events.SUCCESS}


def labels_of(job: int) -> dict[str, str]:
    """What the job was labelled with, as the head of its journal has it."""
    return {"owner": OWNERS[job % len(OWNERS)], "title": f"Job {job}", "tags": "nightly"}


def play(
    journals: Journals, steps: Sequence[Step], tasks: dict[int, Task], *, at_once: bool = False
) -> float:
    """Write all of it, each at its time or all ``at_once``; returns by how many seconds the latest came late.

    ``tasks`` has the journals by job when it is done.
    """
    began, late = time.monotonic(), 0.0
    for step in steps:
        wait = 0.0 if at_once else began + step.at - time.monotonic()
        time.sleep(max(0.0, wait))
        late = max(late, -wait)
        if step.job not in tasks:
            name = NAMES[step.job % len(NAMES)]
            tasks[step.job] = journals.task(labels=labels_of(step.job), name=name)
        else:
            tasks[step.job].append(**step.members)
    return late


def states(journals: Journals, tasks: Iterable[Task]) -> Counter[str]:
    """How many of them stand how, by their journals."""
    pipeline = journals.redis.pipeline(transaction=False)
    for task in tasks:
        pipeline.hget(task.keys.head, "state")
    return Counter(state.decode() for state in pipeline.execute())
