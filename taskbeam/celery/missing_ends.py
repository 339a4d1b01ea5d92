"""The ends that no process of the worker can tell any more: of runs that are registered and do not run.

A process that has kept an end may be killed before Redis takes it. Celery's main process knows its tasks, so
the worker says that the others are over: nobody waits for ever, nor takes them for lost with the worker.
"""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING, cast

from celery.exceptions import BackendStoreError

from taskbeam.background.log_fields import about
from taskbeam.background.logger import logger_for
from taskbeam.celery.kept_ends import kept_ends
from taskbeam.journal.away import REDIS_AWAY
from taskbeam.journal.dependents import end_dependents
from taskbeam.journal.entry import Entry, Verdict, new_token
from taskbeam.journal.events import FAILURE
from taskbeam.journal.failures import RESULT_LOST, error_member
from taskbeam.presence.presence import presence
from taskbeam.presence.row import Row

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from taskbeam.celery.journal_backend import JournalBackend
    from taskbeam.presence.lease import Ask

logger = logger_for(__name__)

#: Seconds for which a run has to be found over, while Redis takes writes: the lease was renewed each time.
#: Who has kept an end tries again within two seconds.
GRACE = 10.0

#: Runs that are read in one go.
MOST_RUNS = 1000


class Overdue:
    """Knows since when each run was found registered and over. No I/O."""

    def __init__(self) -> None:
        self._since: dict[Row, float] = {}

    def look(self, rows: Iterable[Row], goes_on: Callable[[str], bool], now: float) -> list[Row]:
        """Return the runs whose end is missing by now; ``goes_on`` says whether the worker has a task."""
        self._since = {row: self._since.get(row, now) for row in rows if not goes_on(row.task_id)}
        return [row for row, since in self._since.items() if now - since >= GRACE]

    def forget(self) -> None:
        """Redis took no writes: who has kept an end could not tell it."""
        self._since = {}


class MissingEnds:
    """Looks for them in Celery's main process, each time that the worker's lease was to be renewed.

    The lease's thread does so, which may not wait longer than for the lease: it asks by the lease's means.
    """

    def __init__(self, backend: JournalBackend) -> None:
        self._backend = backend
        self._overdue = Overdue()

    def look(self, ask: Ask | None) -> None:
        """``ask`` asks the lease's server; None: the lease could not be renewed."""
        if ask is None:
            self._overdue.forget()
            return
        runs = self._backend.control.runs(presence.worker)
        try:
            keys = _registered(ask, runs)
            for row in self._overdue.look(keys, _worker_has, time.monotonic()):
                if self._tell(keys[row], row):
                    ask("HDEL", runs, keys[row])
        except REDIS_AWAY:
            self._overdue.forget()  # the lease's own log tells of it

    def _tell(self, key: str, row: Row) -> bool:
        """Report the end; returns whether it is told by now, or need not be."""
        ref, keys = new_token(), self._backend.kind_of_keys(key)
        appended = self._backend.append(
            Entry(
                keys=keys,
                task_id=row.task_id,
                type="state",
                members=error_member(RESULT_LOST, ref),
                state=FAILURE,
                run=row.run,
                only="running",
                final=True,
                ends_run=True,  # so that a SUCCESS of it is taken all the same, should it come
                meta=self._backend.exception_meta(row.task_id, _lost(row.task_id), FAILURE),
            )
        )
        if appended is None:
            return False
        if appended.verdict is Verdict.APPENDED:
            logger.error(
                "Task %s: it is over, but its end never reached Redis: reported FAILURE (%s), ref %s",
                row.task_id,
                RESULT_LOST.code,
                ref,
                extra=about(task_id=row.task_id, ref=ref),
            )
            end_dependents(appended.dependents, partial(keys.of, row.task_id), self._backend.append)
        return True


def _registered(ask: Ask, runs: str) -> dict[Row, str]:
    """The runs of this worker, with the keys of their results."""
    _, found = cast("tuple[bytes, list[bytes]]", ask("HSCAN", runs, 0, "COUNT", MOST_RUNS))
    return {Row.decode(row): key.decode() for key, row in zip(found[::2], found[1::2], strict=True)}


def _lost(task_id: str) -> BackendStoreError:
    return BackendStoreError("The task has ended, but its result was lost.", task_id=task_id)  # type: ignore[call-arg]


def _worker_has(task_id: str) -> bool:
    """Whether Celery's main process has the task, or an end of it waits here. Called on another thread."""
    from celery.worker import state  # whoever only sends tasks does not load it

    if task_id in state.requests or kept_ends.holds(task_id):
        return True
    try:
        return any(request.id == task_id for request in tuple(state.active_requests))
    except RuntimeError:  # a task has begun in this very moment
        return True
