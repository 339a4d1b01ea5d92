"""The steps of a run: which there were, how far each is, and what that says of the task. No I/O."""

from __future__ import annotations

import threading
from contextvars import ContextVar
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from taskbeam.background.forks import free_in_children
from taskbeam.celery.real_number import plain_number
from taskbeam.journal.bounds import MAX_WORD
from taskbeam.journal.describe import progress_of
from taskbeam.journal.encode import to_json

if TYPE_CHECKING:
    from collections.abc import Callable

    #: What `progress` was given: current, total and message.
    Report = tuple[object, object, object]

#: Steps that an event lists.
MOST_STEPS = 50


class StepState(StrEnum):
    """How it goes with a step. Stopped: the task was cancelled, or is to be retried."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    STOPPED = "stopped"


@dataclass(slots=True, eq=False)
class Step:
    """A named part of what a run does. The task itself is one, too, around the others.

    ``weight`` is its share of the step around it, in percent. ``gained``: percent that steps within it have
    brought which have ended; ``weighed``: whether any of them has a weight.
    """

    name: str
    around: Step | None = None
    weight: float | None = None
    began: float = 0.0
    depth: int = 0
    state: StepState = StepState.RUNNING
    ended: float | None = None
    report: Report | None = None
    within: list[Step] = field(default_factory=list)
    gained: float = 0.0
    done: int = 0
    weighed: bool = False

    @property
    def percent(self) -> float | None:
        """How far it is: by its own reports or by the steps within it, whichever says more.

        None where neither is known.
        """
        if self.state is StepState.DONE:
            return 100.0
        known = [each for each in (self._by_report(), self._by_steps()) if each is not None]
        return max(known) if known else None

    @property
    def share(self) -> float:
        """Percent of the step around it that it has brought so far."""
        return (self.weight or 0.0) * (self.percent or 0.0) / 100

    @property
    def message(self) -> str | None:
        """What it does now, as it was told; what has no text is none."""
        if self.report is None or self.report[2] is None:
            return None
        try:
            return str(self.report[2])
        except Exception:
            return None

    def _by_report(self) -> float | None:
        current = plain_number(self.report[0]) if self.report else None
        if self.report is None or current is None:
            return None
        percent: float | None = progress_of(current, plain_number(self.report[1]), None).get("percent")
        return percent

    def _by_steps(self) -> float | None:
        if not self.weighed:
            return None
        return min(self.gained + sum(step.share for step in self.within), 100.0)

    def describe(self) -> dict[str, Any]:
        """As an event lists it."""
        percent, message = self.percent, self.message
        members: dict[str, Any] = {"name": self.name}
        if self.depth:
            members["depth"] = self.depth
        members["state"] = str(self.state)
        if self.weight is not None:
            members["weight"] = self.weight
        if percent is not None:
            members["percent"] = round(percent, 2)
        if message is not None:
            members["message"] = message[:MAX_WORD]
        members["began"] = self.began
        if self.ended is not None:
            members["ended"] = self.ended
        return members


#: The step that this code is part of.
current_step: ContextVar[Step | None] = ContextVar("taskbeam_step", default=None)


class StepList:
    """The steps of one run. Threads of the run may begin and end steps at once."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """``clock`` tells Unix seconds."""
        self._clock = clock
        self._task = Step("", depth=-1)
        self._listed: list[Step] = []
        self._omitted = 0
        self._newest = self._task
        self._lock = free_in_children(threading.RLock())

    def begin(self, name: str, weight: float | None, around: Step | None) -> Step:
        """A step begins within another one; None: within the task."""
        with self._lock:
            outer = around or self._task
            step = Step(name[:MAX_WORD], outer, weight, self._now(), outer.depth + 1)
            outer.within.append(step)
            outer.weighed = outer.weighed or weight is not None
            self._listed.append(step)
            self._newest = step
            self._drop_oldest()
        return step

    def end(self, step: Step, state: StepState) -> None:
        """The step is over; what it has brought stays."""
        with self._lock:
            step.state, step.ended = state, self._now()
            outer = step.around
            assert outer is not None
            outer.within.remove(step)
            outer.gained += step.share
            outer.done += state is StepState.DONE
            self._newest = outer

    def reported(self, step: Step | None, report: Report) -> None:
        """`progress` was called in the step; None: outside of all of them."""
        newest = step or self._task
        newest.report, self._newest = report, newest

    def meta(self) -> dict[str, Any]:
        """How far the task is, as `update_state` is given it.

        By the weights, else as the task itself has reported, else by the number of its steps that are done.
        """
        with self._lock:
            percent, report, newest = self._task.percent, self._task.report, self._newest
            current = plain_number(report[0]) if report else None
            if self._task.weighed and percent is not None:
                meta: dict[str, Any] = {"current": round(percent, 2), "total": 100}
            elif report is not None and current is not None:
                meta = {"current": current}
                if (total := plain_number(report[1])) is not None:
                    meta["total"] = total
            else:
                meta = {"current": self._task.done}
            message = newest.message or newest.name
            return meta | ({"message": message} if message else {})

    def members(self) -> dict[str, str]:
        """The members of an event, as JSON by name."""
        with self._lock:
            listed = self._listed[-MOST_STEPS:]
            omitted = self._omitted + len(self._listed) - len(listed)
            members = {"steps": to_json([step.describe() for step in listed])}
            return members | ({"steps_omitted": str(omitted)} if omitted else {})

    def _drop_oldest(self) -> None:
        """Of those that have ended, so that a step for each row of a table costs no memory."""
        if len(self._listed) > MOST_STEPS:
            over = next((step for step in self._listed if step.ended is not None), None)
            if over is not None:
                self._listed.remove(over)
                self._omitted += 1

    def _now(self) -> float:
        return round(self._clock(), 3)
