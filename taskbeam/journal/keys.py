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

#: Sorted set: each revoked token id and owner (`token:…`, `owner:…`), scored with the time (s) of it.
REVOKED = "taskbeam:revoked"


def ticket_key(digest: str) -> str:
    """String: the token that a ticket stands for, under the ticket's SHA-256."""
    return f"taskbeam:ticket:{digest}"


def times_key(name: str) -> str:
    """Hash: how long tasks of this name run of late."""
    return f"taskbeam:times:{name}"


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

    def of(self, task_id: str, other: str) -> TaskKeys:
        """The names of another task of the same application; ``task_id`` is this one's."""
        return TaskKeys(self.result.removesuffix(task_id) + other)


@dataclass(frozen=True, slots=True)
class QueueKeys:
    """The names of one queue; ``base`` is what the append script makes them from."""

    base: str

    @property
    def tickets(self) -> str:
        """Hash: the last ticket that was sent, the last that began, and how long its tasks run of late."""
        return f"{self.base}:tickets"

    @property
    def withdrawn(self) -> str:
        """Sorted set: the tickets that ended without a run, until a later one begins."""
        return f"{self.base}:withdrawn"

    @property
    def consumers(self) -> str:
        """Sorted set: worker and slots of each that consumes it, scored with the time (ms) its lease ends."""
        return f"{self.base}:consumers"


def queue_keys(queue: str) -> QueueKeys:
    """The names of a queue."""
    return QueueKeys(f"taskbeam:queue:{queue}")


def task_keys(task_id: str, prefix: str = CELERY_PREFIX) -> TaskKeys:
    """The names of a task whose results Celery keeps under ``prefix`` (its `global_keyprefix` included)."""
    return TaskKeys(prefix + task_id)
