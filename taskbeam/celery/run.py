"""The run: one execution of a task in this process."""

from __future__ import annotations

import threading
import time
from contextvars import ContextVar
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple
from weakref import ref

from celery.exceptions import Ignore
from celery.utils.time import maybe_make_aware

from taskbeam.background.log_fields import about
from taskbeam.background.logger import QuietLock, logger_for
from taskbeam.celery.backlog import Backlog
from taskbeam.celery.coalesce import Coalescer
from taskbeam.celery.payload_check import check_of
from taskbeam.celery.soft_limit import reporting
from taskbeam.celery.step_list import current_step
from taskbeam.journal.describe import Retry
from taskbeam.journal.entry import Registration, new_token
from taskbeam.journal.pace import Pace
from taskbeam.presence.presence import presence

if TYPE_CHECKING:
    from contextvars import Token
    from types import TracebackType

    from taskbeam.celery.step_list import Step, StepList
    from taskbeam.celery.written_text import WrittenText
    from taskbeam.journal.control_keys import ControlKeys
    from taskbeam.journal.entry import Entry

logger = logger_for(__name__)

_ATTRIBUTE = "taskbeam_run"

#: What keeps a run that is not told as it ended.
_BROKEN_OFF = "taskbeam_broken_off"


class Cancelled(Ignore):
    """Raised by `progress()` and `update_state()` in a task that somebody cancelled: clean up, let it pass.

    An `Ignore`, so that Celery neither retries nor fails the task; it ends as REVOKED.
    """


class Run:
    """What is known of an execution while it goes on; Celery's request names it."""

    def __init__(self, task: Any, request: Any, backend: Any, interval: float, *, redelivered: bool) -> None:
        """``redelivered``: the broker delivers the task again if its worker dies."""
        self.task = task
        self.request = request
        self.backend = backend
        self.id = new_token()
        self.redelivered = redelivered
        self.registration = presence.register(backend.control, request.id, self.id, redelivered=redelivered)
        self.progress = Coalescer(interval, time.monotonic)
        # From the first one on.
        self.steps: StepList | None = None
        # From its first word on.
        self.text: WrittenText | None = None
        self.backlog = Backlog(backend.options.buffer_events, backend.options.buffer_bytes)
        # None for most: their payloads are not typed.
        self.payloads = check_of(task, request.id)
        self.lock = QuietLock()
        # The thread that writes for it; 0 = none. What interrupts that (a signal handler) is set aside.
        self.writer = 0
        self.aside: list[Entry] = []
        self.thread = threading.get_ident()
        self.began = time.monotonic()
        self.pace = Pace(self.began)
        self.cancelled = False
        # Before it began: its code is not to run at all.
        self.revoked = False
        # Of reports that cannot be sent, the log speaks once.
        self.complained = False
        # Whether this thread was told to stop, and whether one goes on all the same.
        self._here = threading.local()
        self._goes_on = False
        # By another task under the same id: Celery ends this run with an `Ignore`, but not the task.
        self.replaced = False
        self.retry: Retry | None = None
        # How often the task may be retried, as its newest call of `retry` says; None: without end.
        self.max_retries: int | None = getattr(task, "max_retries", None)
        # With which Celery has come to store its end, be it in vain: whoever ignores a result stores none.
        self.stored_end = ""

    def check(self) -> None:
        """Raise `Cancelled` where somebody has cancelled the task."""
        if not self.cancelled:
            return
        if getattr(self._here, "told", False) and not self._goes_on:
            self._goes_on = True
            with reporting:
                logger.warning(
                    "Task %s was cancelled, and goes on: something in it catches `Cancelled`, perhaps an "
                    "`except Exception` round each row. Let `taskbeam.Cancelled` pass. This is said once",
                    self.request.id,
                    extra=about(task_id=self.request.id),
                )
        self._here.told = True
        raise Cancelled

    def elapsed(self) -> float:
        """Seconds since it began."""
        return time.monotonic() - self.began

    def remaining(self, current: float, total: float) -> float | None:
        """Note a report; returns about how many seconds are left, None while there is not enough to go by."""
        return self.pace.remaining(current, total, time.monotonic())

    def note_retry(self, eta: str | None) -> None:
        """Keep when the retry is due (ISO 8601), which Celery tells only while it sends the message."""
        now = time.time()
        at = due(eta).timestamp() if eta else now
        self.retry = Retry(at=round(at, 3), delay=round(max(at - now, 0.0), 3), max=self.max_retries)


class Around(NamedTuple):
    """What is current around a run: the outer run, and the step of that one."""

    run: Token[Run | None]
    step: Token[Step | None]


class Turn:
    """The turn of this thread to write for a run."""

    __slots__ = ("_run",)

    def __init__(self, run: Run) -> None:
        self._run = run

    def __enter__(self) -> None:
        run = self._run
        run.lock.acquire()
        run.writer = threading.get_ident()
        while run.aside:
            run.backlog.keep(run.aside.pop(0))

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._run.writer = 0
        self._run.lock.release()


def due(eta: str) -> datetime:
    """When an ETA (ISO 8601) is; without an offset it is UTC, as a worker reads it."""
    return maybe_make_aware(datetime.fromisoformat(eta))


#: A context variable, so that `asyncio.to_thread` and asyncio tasks see it too; Celery's own
#: `current_task` is bound to the thread.
_current: ContextVar[Run | None] = ContextVar("taskbeam_run", default=None)

#: The run that this code is part of; None outside a task.
current_run = _current.get


#: The runs that go on in this process, by the ids of their tasks: a thread that names its task belongs to it.
_live: dict[str, Run] = {}

#: The run of the task with this id; None where it does not run in this process.
live_run = _live.get


def any_run_goes_on() -> bool:
    """Whether a task runs in this process."""
    return bool(_live)


def begin_run(run: Run) -> Around:
    """Make the run known to its request and current in its context, without a step."""
    # Weakly: the request has all that follows its task, and a circle of both would wait for the collector.
    setattr(run.request, _ATTRIBUTE, ref(run))
    _live[run.request.id] = run
    return Around(_current.set(run), current_step.set(None))


def leave_run() -> Around:
    """Let no run be the current one, and no step."""
    return Around(_current.set(None), current_step.set(None))


def end_run(around: Around, *, breaks_off: bool = False) -> None:
    """Make the outer run and its step, if there are any, the current ones again.

    ``breaks_off``: what is told of the task next is still of this run.
    """
    run = _current.get()
    if run is not None and breaks_off:
        setattr(run.request, _BROKEN_OFF, run)
    if run is not None and _live.get(run.request.id) is run:
        del _live[run.request.id]
    current_step.reset(around.step)
    _current.reset(around.run)


def forget_run(request: Any) -> None:
    """The run was not to be: what is told of the task from here on is not of it."""
    request.__dict__.pop(_ATTRIBUTE, None)


def run_of(request: Any) -> Run | None:
    """The request's run; None where another writes (the worker's main process, another task)."""
    named: ref[Run] | None = getattr(request, _ATTRIBUTE, None)
    return named() if named is not None else None


def registration_of(run: Run | None, control: ControlKeys) -> Registration | None:
    """Where the writer's run is registered; None outside a worker."""
    return run.registration if run else presence.registration(control)
