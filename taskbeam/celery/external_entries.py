"""What others than the task have to say of it: a canceller, and the watchdog. Entries only, no I/O."""

from __future__ import annotations

from typing import TYPE_CHECKING

from billiard.exceptions import WorkerLostError
from celery import states
from celery.exceptions import TaskRevokedError

from taskbeam.journal.entry import Entry, new_token
from taskbeam.journal.failures import REVOKED, error_member

if TYPE_CHECKING:
    from taskbeam.celery.backend import JournalBackend


def revoked_entry(backend: JournalBackend, task_id: str) -> Entry:
    """Ends a task that was cancelled before any run of it began."""
    return Entry(
        keys=backend.keys(task_id),
        task_id=task_id,
        type="state",
        members=error_member(REVOKED, new_token()),
        state=states.REVOKED,
        final=True,
        only="queued",
        meta=backend.exception_meta(task_id, TaskRevokedError("cancelled"), states.REVOKED),
        sharded=backend.options.sharded,
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
        sharded=backend.options.sharded,
    )


def lost_result(backend: JournalBackend, task_id: str) -> bytes:
    """What Celery's own result may say of a lost task."""
    meta = backend.exception_meta(task_id, WorkerLostError("The worker was lost."), states.FAILURE)
    return meta if isinstance(meta, bytes) else meta.encode()
