"""Every name that Taskbeam uses in Redis, spelt once."""

from __future__ import annotations

from dataclasses import dataclass

CELERY_PREFIX = "celery-task-meta-"

#: Sorted set: each worker that holds a lease, scored with the time (ms, Redis' clock) it ends at.
WORKERS = "taskbeam:workers"

#: Sorted set: each run that was told as STALLED, scored with the time (ms) at which it is given up.
STALLED = "taskbeam:stalled"

#: Sorted set: the id of each task that was cancelled while it was queued, scored with the time (ms).
CANCELLED = "taskbeam:cancelled"


def runs_key(worker: str) -> str:
    """Hash of the runs that a worker has begun and not ended: result key → row."""
    return f"taskbeam:runs:{worker}"


@dataclass(frozen=True, slots=True)
class TaskKeys:
    """The names of one task. All hash to the Redis Cluster slot of Celery's own result key.

    ``result`` is Celery's key and channel; the braces make it the hash tag of the others.
    """

    result: str

    @property
    def head(self) -> str:
        """Hash: epoch, last seq, state, current run and attempt."""
        return f"{{{self.result}}}:head"

    @property
    def log(self) -> str:
        """List: the records, oldest first."""
        return f"{{{self.result}}}:log"

    @property
    def tombstone(self) -> str:
        """String: outlives the others, and says that they were."""
        return f"{{{self.result}}}:tombstone"

    @property
    def channel(self) -> str:
        """Pub/sub channel of the records; apart from ``result``, on which Celery itself publishes."""
        return f"{{{self.result}}}:live"


def task_keys(task_id: str, prefix: str = CELERY_PREFIX) -> TaskKeys:
    """The names of a task whose results Celery keeps under ``prefix`` (its `global_keyprefix` included)."""
    return TaskKeys(prefix + task_id)
