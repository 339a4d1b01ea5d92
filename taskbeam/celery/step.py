"""Named steps of a running task, which everybody sees who looks: `step`."""

from __future__ import annotations

import asyncio
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from celery.exceptions import TaskPredicate

from taskbeam.background.forks import free_in_children
from taskbeam.celery.own_run import own_run
from taskbeam.celery.progress import offer_progress
from taskbeam.celery.real_number import plain_number
from taskbeam.celery.soft_limit import reporting
from taskbeam.celery.step_list import StepList, StepState, current_step

if TYPE_CHECKING:
    from collections.abc import Iterator

    from taskbeam.celery.run import Run

#: With these a task leaves a step, and has not failed: it was cancelled, or asks for a retry, a replacement …
_STOPS = (TaskPredicate, asyncio.CancelledError)


@contextmanager
def step(name: str, *, weight: float | None = None) -> Iterator[None]:
    """Do what stands in the block as a named step of the task, or of the step around it.

    Within it `progress` reports how far the step is. ``weight`` is the step's share of what is around it, in
    percent (0 to 100), and the task's percent is the sum of its steps' percents by their weights. Where no
    step has a weight, the task reports how many of its steps are done.

    A step ends as done, as failed where an exception leaves it, or as stopped (`Cancelled`, a retry). Raises
    `ValueError` for a weight that is none, and `Cancelled` at its begin, as `progress` does. Outside a task
    it does nothing else.
    """
    with reporting:
        share = None if weight is None else plain_number(weight)
    if weight is not None and (share is None or not 0 <= share <= 100):
        raise ValueError(f"a step's weight is its share in percent, from 0 to 100, not {weight!r}")
    run = own_run()
    if run is None:
        yield
        return
    with reporting:
        steps, outer = run.steps or _begin(run), current_step.get()
        begun, state = steps.begin(str(name), share, outer), StepState.FAILED
    current_step.set(begun)
    try:
        offer_progress(run, _NEWEST)
        run.check()
        yield
        state = StepState.DONE
    except _STOPS:
        state = StepState.STOPPED
        raise
    finally:
        with reporting:
            current_step.set(outer)
            steps.end(begun, state)
            offer_progress(run, _NEWEST)


#: Of a run with steps they know what is to be sent.
_NEWEST = (0, None, None)


def _begin(run: Run) -> StepList:
    with _beginning:
        if run.steps is None:
            run.steps = StepList(time.time)
        return run.steps


#: Two threads of a task may begin its first steps at once.
_beginning = free_in_children(threading.RLock())
