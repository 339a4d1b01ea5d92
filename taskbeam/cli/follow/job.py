"""What a task's events add up to, for whoever looks at it. Pure: the same events give the same job."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from taskbeam.contract.events import GapEvent, ProgressEvent, StateEvent

if TYPE_CHECKING:
    from taskbeam.contract.events import Estimate, Event, Progress, Retry, Step, TaskFault


@dataclass(frozen=True, slots=True)
class Job:
    """One task, as it is now. ``told_at`` is the ``ts`` of the event that has the estimate."""

    task_id: str
    name: str | None = None
    state: str = "PENDING"
    attempt: int = 1
    final: bool = False
    progress: Progress | None = None
    steps: tuple[Step, ...] = ()
    error: TaskFault | None = None
    retry: Retry | None = None
    ahead: int | None = None
    waiting: str | None = None
    estimate: Estimate | None = None
    told_at: float = 0.0
    result: Any = None
    result_omitted: bool = False

    @property
    def title(self) -> str:
        """What people call it: the task's name, and the beginning of its id."""
        short = self.task_id if len(self.task_id) <= 8 else f"{self.task_id[:8]}…"
        return f"{self.name} {short}" if self.name else short

    @property
    def percent(self) -> float | None:
        """From 0 to 100; None while nobody can tell."""
        if self.state == "SUCCESS":
            return 100.0
        return self.progress.percent if self.progress is not None else None

    def left(self, now: float) -> float | None:
        """Seconds until it probably ends, or begins where that is all that is known."""
        if self.estimate is None:
            return None
        span = self.estimate.end if self.estimate.end is not None else self.estimate.start
        return None if span is None else max(0.0, self.told_at + span - now)


def after(job: Job, event: Event | GapEvent) -> Job:
    """The job after one more event."""
    if isinstance(event, GapEvent):
        return job if event.snapshot is None else after(job, event.snapshot)
    if not event.state:
        return job
    again = event.attempt != job.attempt
    job = replace(
        job,
        name=event.name or job.name,
        state=event.state,
        attempt=event.attempt,
        final=event.final,
        progress=None if again else job.progress,
        steps=() if again else job.steps,
    )
    if not isinstance(event, (StateEvent, ProgressEvent)):
        return job
    job = replace(
        job,
        progress=event.progress or job.progress,
        steps=event.steps or job.steps,
        estimate=event.estimate,
        told_at=event.ts,
        error=None,
        retry=None,
        ahead=None,
        waiting=None,
    )
    if isinstance(event, ProgressEvent):
        return job
    return replace(
        job,
        error=event.error,
        retry=event.retry,
        ahead=event.ahead,
        waiting=event.waiting,
        result=event.result,
        result_omitted=event.result_omitted,
    )
