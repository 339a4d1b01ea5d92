"""What others than its run have to say of a task: who cancels it, who goes on with it. Entries, no I/O."""

from __future__ import annotations

from typing import TYPE_CHECKING

from billiard.exceptions import WorkerLostError
from celery import states
from celery.exceptions import TaskRevokedError

from taskbeam.journal.entry import Entry, new_token
from taskbeam.journal.failures import REVOKED, Failure, error_member

if TYPE_CHECKING:
    from taskbeam.celery.journal_backend import JournalBackend


def revoked_entry(backend: JournalBackend, task_id: str, failure: Failure = REVOKED) -> Entry:
    """Ends a task before any run of it began: it was cancelled, or could not be sent."""
    ref = new_token()
    return Entry(
        keys=backend.keys(task_id),
        task_id=task_id,
        type="state",
        members=error_member(failure, ref),
        token=ref,
        state=states.REVOKED,
        final=True,
        only="queued",
        meta=backend.exception_meta(task_id, TaskRevokedError(failure.message), states.REVOKED),
    )


def replaced_entry(backend: JournalBackend, task_id: str, run: str) -> Entry:
    """Tells for a run that the task waits for another one to go on."""
    return Entry(
        keys=backend.keys(task_id),
        task_id=task_id,
        type="state",
        members={"replaced": "true"},
        state=states.PENDING,
        run=run,
        only="running",
        waiting=True,
        ends_run=True,
    )


def cancel_entry(backend: JournalBackend, task_id: str) -> Entry:
    """Asks a running task to stop."""
    return Entry(
        keys=backend.keys(task_id),
        task_id=task_id,
        type="state",
        members={"cancel": '"requested"'},
        only="open",
        cancel=True,
    )


def lost_result(backend: JournalBackend, task_id: str) -> bytes:
    """What Celery's own result may say of a lost task."""
    meta = backend.exception_meta(task_id, WorkerLostError("The worker was lost."), states.FAILURE)
    return meta if isinstance(meta, bytes) else meta.encode()
