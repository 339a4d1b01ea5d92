"""The names in Redis of what belongs to one task, spelt once. All others are in control_keys.py."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

CELERY_PREFIX = "celery-task-meta-"


@dataclass(frozen=True, slots=True)
class TaskKeys:
    """The names of one task, and how it is told: on one server. See `ShardedKeys`.

    ``result`` is Celery's key and channel; the braces make it the hash tag of the others, so that all hash to
    the same Redis Cluster slot.
    """

    result: str

    #: The command that publishes what is told of the task.
    publish: ClassVar[str] = "PUBLISH"

    #: Whether what belongs to no task is on the same server, so that one script writes both.
    beside_control: ClassVar[bool] = True

    @property
    def task_id(self) -> str:
        """Celery's id of the task."""
        return self.result.partition(CELERY_PREFIX)[2]

    @property
    def stem(self) -> str:
        """What stands before the colon in the names of all but ``result``."""
        return f"{{{self.result}}}"

    @property
    def head(self) -> str:
        """Hash: epoch, last seq, state, current run and attempt."""
        return f"{self.stem}:head"

    @property
    def log(self) -> str:
        """List: the records, oldest first."""
        return f"{self.stem}:log"

    @property
    def tombstone(self) -> str:
        """String: outlives the others, and says that they were."""
        return f"{self.stem}:tombstone"

    @property
    def output(self) -> str:
        """String: the text that the task has written, as it stands in a JSON string."""
        return f"{self.stem}:output"

    @property
    def channel(self) -> str:
        """Pub/sub channel of the records; apart from ``result``, on which Celery itself publishes."""
        return f"{self.stem}:live"

    @property
    def hearers(self) -> str:
        """Pub/sub channel on which nothing is published: who is subscribed to it hears Celery's result."""
        return f"{self.stem}:hearers"

    def of(self, task_id: str, other: str) -> TaskKeys:
        """The names of another task of the same application; ``task_id`` is this one's."""
        return type(self)(self.result.removesuffix(task_id) + other)


@dataclass(frozen=True, slots=True)
class ShardedKeys(TaskKeys):
    """The same names, and channels that are sharded: only the server with the channel's slot publishes."""

    publish: ClassVar[str] = "SPUBLISH"


@dataclass(frozen=True, slots=True)
class JournalNames:
    """How the tasks of an application are named and told.

    - ``prefix``: what stands before a task's id in the key of its result; `global_keyprefix` is part of it.
    - ``kind``: of the names of each task.
    """

    prefix: str
    kind: type[TaskKeys]

    def task(self, task_id: str) -> TaskKeys:
        """The names of a task."""
        return self.kind(self.prefix + task_id)


def head_of(channel: bytes) -> bytes:
    """The head of the task whose channel it is."""
    return channel.removesuffix(b"live") + b"head"


def task_keys(task_id: str, prefix: str = CELERY_PREFIX) -> TaskKeys:
    """The names of a task on one server, whose results Celery keeps under ``prefix``."""
    return TaskKeys(prefix + task_id)
