"""The names in Redis of what belongs to no task: leases, queues, API keys, notifications, quotas.

On one server they begin with ``taskbeam:``. On a Redis Cluster they begin with ``{taskbeam}:``, so that all
of them are in one slot: scripts and transactions work there as on one server.
"""

from __future__ import annotations

from dataclasses import dataclass


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

    @property
    def paused(self) -> str:
        """Hash: the workers that an operator has told not to consume it, by what Celery calls them."""
        return f"{self.base}:paused"


@dataclass(frozen=True, slots=True)
class ControlKeys:
    """All names that begin with ``prefix``: `ONE_SERVER` has them, or `CLUSTER`.

    Whoever uses one is handed the object that goes with its connections. Versions of Taskbeam run side by
    side on one server and have to agree on these names, so they never change.
    """

    prefix: str

    # Workers and their runs.

    @property
    def workers(self) -> str:
        """Sorted set: each worker that holds a lease, scored with the time (ms, Redis' clock) it ends at."""
        return f"{self.prefix}workers"

    @property
    def leases(self) -> str:
        """Hash: how long (ms) the lease of each of them is; and, as `<worker> known`, its pool and name."""
        return f"{self.prefix}leases"

    @property
    def stalled(self) -> str:
        """Sorted set: each run that was told as STALLED, scored with the time (ms) it is given up at."""
        return f"{self.prefix}stalled"

    def runs(self, worker: str) -> str:
        """Hash of the runs that a worker has begun and not ended: result key → row."""
        return f"{self.prefix}runs:{worker}"

    def queue(self, name: str) -> QueueKeys:
        """The names of a queue."""
        return QueueKeys(f"{self.prefix}queue:{name}")

    def over(self, result: str) -> str:
        """String: the row of the run that was over last of a task with this result key; it expires.

        On a cluster alone, where a run may be registered after its end.
        """
        return f"{self.prefix}over:{result}"

    def taken(self, line: str) -> str:
        """String: how often a sender has asked for a ticket, and the last one that it was given; it expires.

        On a cluster alone, where it may have to ask again.
        """
        return f"{self.prefix}taken:{line}"

    def times(self, name: str) -> str:
        """Hash: how long tasks of this name run of late."""
        return f"{self.prefix}times:{name}"

    @property
    def schemas(self) -> str:
        """Hash: the JSON Schema of each task's payloads, by the task's name."""
        return f"{self.prefix}schemas"

    @property
    def cancelled(self) -> str:
        """Sorted set: each task that was cancelled while it was queued, scored with the time (s)."""
        return f"{self.prefix}cancelled"

    # Who may do what, and how much of it.

    @property
    def revocations(self) -> str:
        """Stream: the revocations in their order.

        ``name`` is `token:<jti>`, `owner:<owner>` or `key:<id>`, ``until`` a time (s).
        """
        return f"{self.prefix}revocations"

    @property
    def api_keys(self) -> str:
        """Hash: the record of each API key that has a name, as JSON, by its id."""
        return f"{self.prefix}api-keys"

    @property
    def api_keys_used(self) -> str:
        """Hash: about when (s) each of them was last used, by its id."""
        return f"{self.prefix}api-keys:used"

    @property
    def audit(self) -> str:
        """Stream: who changed what about keys and tokens."""
        return f"{self.prefix}audit"

    def ticket(self, digest: str) -> str:
        """String: the token that a ticket stands for, encrypted with it, under a hash of the ticket."""
        return f"{self.prefix}ticket:{digest}"

    def uses(self, digest: str) -> str:
        """String: how many tasks a token has sent, under the SHA-256 of its id."""
        return f"{self.prefix}uses:{digest}"

    def idempotency(self, digest: str) -> str:
        """String: which task stands for a request, as JSON, under a hash of task, account and key."""
        return f"{self.prefix}idempotency:{digest}"

    def quota(self, digest: str, what: str) -> str:
        """What a tenant has used, under a hash of its name.

        Strings: when ``jobs`` and ``bytes`` are free again. Sorted set: the jobs that are ``waiting``.
        """
        return f"{self.prefix}quota:{{{digest}}}:{what}"

    @property
    def census(self) -> str:
        """Sorted set: each gateway that counts connections, scored with the time (ms) its lease ends."""
        return f"{self.prefix}{{census}}:gateways"

    @property
    def census_full(self) -> str:
        """Hash: whoever has no room for more, with how much that is."""
        return f"{self.prefix}{{census}}:full"

    def census_held(self, gateway: str) -> str:
        """Hash: what each person and each API key holds at a gateway."""
        return f"{self.prefix}{{census}}:held:{gateway}"

    @property
    def dashboard(self) -> str:
        """String: which gateway publishes what the dashboard shows; it expires."""
        return f"{self.prefix}dashboard"

    @property
    def dashboard_tasks(self) -> str:
        """Sorted set: the tasks that the operators' list has, scored with the time (ms) they were sent."""
        return f"{self.prefix}dashboard:tasks"

    @property
    def dashboard_rows(self) -> str:
        """Hash: what the list tells of each of them, as JSON, by its id."""
        return f"{self.prefix}dashboard:rows"

    def dashboard_kind(self, kind: str) -> str:
        """Sorted set: those of them that are waiting, running, … scored as all are."""
        return f"{self.prefix}dashboard:kind:{kind}"

    @property
    def dashboard_owed(self) -> str:
        """Stream: rows of tasks that have ended, as JSON, which the history has not yet."""
        return f"{self.prefix}dashboard:owed"

    @property
    def dashboard_history(self) -> str:
        """String: which gateway keeps the history; it expires."""
        return f"{self.prefix}dashboard:history"

    @property
    def news(self) -> str:
        """Stream: the result key of each task that was sent, began or ended, while a dashboard is published.

        On a cluster alone, where no server hears all tasks.
        """
        return f"{self.prefix}news"

    def dashboard_again(self, task_id: str) -> str:
        """Hash: which task this one repeats (``again_of``), and which repeats it (``run_again_as``)."""
        return f"{self.prefix}dashboard:again:{task_id}"

    # Who is told of ends.

    @property
    def notify_due(self) -> str:
        """Sorted set: what is to be told of ends, and to whom, scored with the time (ms) it is due at."""
        return f"{self.prefix}notify:due"

    @property
    def notify_tries(self) -> str:
        """Hash: how often each message that is due was sent in vain."""
        return f"{self.prefix}notify:tries"

    @property
    def notify_targets(self) -> str:
        """Hash: the record of each target that can be told, as JSON, by its id."""
        return f"{self.prefix}notify:targets"

    def notify_targets_of(self, owner: str | None) -> str:
        """Set: the ids of the targets that are told of an owner's tasks; None = of all tasks."""
        return f"{self.prefix}notify:all" if owner is None else f"{self.prefix}notify:owner:{owner}"

    @property
    def notify_slots(self) -> str:
        """Hash: which target has what only one may have, by a hash of that."""
        return f"{self.prefix}notify:slots"

    @property
    def notify_health(self) -> str:
        """Hash: how sending to each target goes, as JSON, by its id."""
        return f"{self.prefix}notify:health"

    @property
    def notify_asked(self) -> str:
        """Hash: how many targets are told of all ends (`*`), and of an owner's tasks (`owner:<owner>`)."""
        return f"{self.prefix}notify:asked"

    @property
    def notify_preferences(self) -> str:
        """Hash: of which ends each owner wants to hear, as JSON, by the owner."""
        return f"{self.prefix}notify:preferences"

    def notify_deliveries(self, target_id: str) -> str:
        """List: the tries to tell a target, the newest first, as JSON."""
        return f"{self.prefix}notify:deliveries:{target_id}"

    @property
    def notify_given_up(self) -> str:
        """List: the messages that were given up, the newest first, as JSON."""
        return f"{self.prefix}notify:given-up"

    def doctor(self, token: str) -> str:
        """What `taskbeam doctor` tries commands on; gone when it has ended."""
        return f"{self.prefix}doctor:{token}"


ONE_SERVER = ControlKeys("taskbeam:")

CLUSTER = ControlKeys("{taskbeam}:")
