"""Every name that Taskbeam uses in Redis, spelt once."""

from __future__ import annotations

from dataclasses import dataclass

CELERY_PREFIX = "celery-task-meta-"


@dataclass(frozen=True, slots=True)
class TaskKeys:
    """The names of one task. All hash to the Redis Cluster slot of Celery's own result key.

    ``result`` is Celery's key and channel; the braces make it the hash tag of the other three.
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
    def channel(self) -> str:
        """Pub/sub channel of the records; apart from ``result``, on which Celery itself publishes."""
        return f"{{{self.result}}}:live"


def task_keys(task_id: str, prefix: str = CELERY_PREFIX) -> TaskKeys:
    """The names of a task whose results Celery keeps under ``prefix`` (its `global_keyprefix` included)."""
    return TaskKeys(prefix + task_id)
