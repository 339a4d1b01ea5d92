"""Every name that Taskbeam uses in Redis, spelt once."""

from __future__ import annotations

from dataclasses import dataclass

CELERY_PREFIX = "celery-task-meta-"

#: Sorted set: each worker that holds a lease, scored with the time (ms, Redis' clock) it ends at.
WORKERS = "taskbeam:workers"

#: Hash: how long (ms) the lease of each of them is.
LEASES = "taskbeam:leases"

#: Sorted set: each run that was told as STALLED, scored with the time (ms) at which it is given up.
STALLED = "taskbeam:stalled"

#: Sorted set: the id of each task that was cancelled while it was queued, scored with the time (ms).
CANCELLED = "taskbeam:cancelled"

#: Stream: the revocations in their order; `name` is `token:<jti>`, `owner:<owner>` or `key:<id>`, `until` a
#: time (s).
REVOCATIONS = "taskbeam:revocations"

#: Hash: the record of each API key that has a name, as JSON, by its id.
API_KEYS = "taskbeam:api-keys"

#: Hash: about when (s) each of them was last used, by its id.
API_KEYS_USED = "taskbeam:api-keys:used"

#: Hash: the JSON Schema of each task's payloads, by the task's name.
SCHEMAS = "taskbeam:schemas"

#: Stream: who changed what about keys and tokens.
AUDIT = "taskbeam:audit"

#: Sorted set: each gateway that counts connections, scored with the time (ms) at which its lease ends.
CENSUS = "taskbeam:{census}:gateways"

#: Hash: whoever has no room for more, with how much that is.
CENSUS_FULL = "taskbeam:{census}:full"

#: Before a gateway's id. Hash: what each person and each API key holds there.
CENSUS_HELD = "taskbeam:{census}:held:"

#: Sorted set: what is to be told of ends, and to whom, scored with the time (ms) at which it is due.
NOTIFY_DUE = "taskbeam:notify:due"

#: Hash: how often each message that is due was sent in vain.
NOTIFY_TRIES = "taskbeam:notify:tries"

#: Hash: the record of each target that can be told, as JSON, by its id.
NOTIFY_TARGETS = "taskbeam:notify:targets"

#: Hash: which target has what only one may have, by a hash of that.
NOTIFY_SLOTS = "taskbeam:notify:slots"

#: Hash: how sending to each target goes, as JSON, by its id.
NOTIFY_HEALTH = "taskbeam:notify:health"

#: Hash: how many targets are told of all ends (`*`), and of those of an owner's tasks (`owner:<owner>`).
NOTIFY_ASKED = "taskbeam:notify:asked"

#: Hash: of which ends each owner wants to hear, as JSON, by the owner.
NOTIFY_PREFERENCES = "taskbeam:notify:preferences"

#: List: the messages that were given up, the newest first, as JSON.
NOTIFY_GIVEN_UP = "taskbeam:notify:given-up"


def targets_key(owner: str | None) -> str:
    """Set: the ids of the targets that are told of an owner's tasks; None = of all tasks."""
    return "taskbeam:notify:all" if owner is None else f"taskbeam:notify:owner:{owner}"


def deliveries_key(target_id: str) -> str:
    """List: the tries to tell a target, the newest first, as JSON."""
    return f"taskbeam:notify:deliveries:{target_id}"


def ticket_key(digest: str) -> str:
    """String: the token that a ticket stands for, encrypted with the ticket, under a hash of the ticket."""
    return f"taskbeam:ticket:{digest}"


def uses_key(digest: str) -> str:
    """String: how many tasks a token has sent, under the SHA-256 of its id."""
    return f"taskbeam:uses:{digest}"


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
    def task_id(self) -> str:
        """Celery's id of the task."""
        return self.result.partition(CELERY_PREFIX)[2]

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
    def output(self) -> str:
        """String: the text that the task has written, as it stands in a JSON string."""
        return f"{{{self.result}}}:output"

    @property
    def channel(self) -> str:
        """Pub/sub channel of the records; apart from ``result``, on which Celery itself publishes."""
        return f"{{{self.result}}}:live"

    @property
    def hearers(self) -> str:
        """Pub/sub channel on which nothing is published: who is subscribed to it hears Celery's result."""
        return f"{{{self.result}}}:hearers"

    def of(self, task_id: str, other: str) -> TaskKeys:
        """The names of another task of the same application; ``task_id`` is this one's."""
        return TaskKeys(self.result.removesuffix(task_id) + other)


def head_of(channel: bytes) -> bytes:
    """The head of the task whose channel it is."""
    return channel.removesuffix(b"live") + b"head"


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
