"""The Celery result backend: every state that Celery stores goes through the journal.

``result_backend = "taskbeam+redis://host/1"`` selects it (also `taskbeam+rediss://`, `+sentinel://`,
`+socket://` and `+unix://`), by the entry point `celery.result_backends`.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from celery import states
from celery.backends.redis import RedisBackend, SentinelBackend
from celery.exceptions import BackendStoreError, ImproperlyConfigured

from taskbeam.celery import signals
from taskbeam.celery.labels import head_of
from taskbeam.celery.options import Options
from taskbeam.celery.outbox import DEADLINE, Outbox
from taskbeam.celery.progress import flush_progress
from taskbeam.celery.run import registration_of, run_of
from taskbeam.journal import events
from taskbeam.journal.dependents import end_dependents
from taskbeam.journal.describe import Description, describe
from taskbeam.journal.encode import to_json
from taskbeam.journal.entry import Entry, Verdict, new_token, read_next
from taskbeam.journal.failures import TASK_FAILED, failure_of
from taskbeam.journal.keys import CANCELLED, TaskKeys, queue_keys
from taskbeam.journal.labels import Labels
from taskbeam.presence.presence import presence

if TYPE_CHECKING:
    from celery import Celery

    from taskbeam.celery.canvas import Canvas
    from taskbeam.journal.keys import QueueKeys

logger = logging.getLogger(__name__)

#: What may stand behind ``taskbeam+`` in the URL of a result backend.
SCHEMES = ("redis", "rediss", "sentinel", "socket", "unix")


class JournalBackend:
    """Mixed into Celery's Redis backends: stores a state, and appends its event, in one round trip.

    The seam is `_store_result`, which sees every write: of tasks, of the worker's main process and
    of other tasks. The Celery setting `taskbeam_options` holds its `Options`.
    """

    if TYPE_CHECKING:  # what the Redis backend brings

        def __getattr__(self, name: str) -> Any: ...

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.options = Options.of(self.app.conf.get("taskbeam_options"))
        failure_expires = getattr(self, "failure_expires", self.expires)
        self.limits = self.options.limits(int(self.expires or 0), int(failure_expires or 0))
        self._outbox = Outbox(lambda: self.client, self.ensure, self.connection_errors)
        signals.connect(self.app)

    # What Celery calls.

    def store_result(
        self,
        task_id: str,
        result: Any,
        state: str | None,
        traceback: str | None = None,
        request: Any = None,
        **kwargs: Any,
    ) -> Any:
        """As Celery's; the exception itself is kept beside its encoded form."""
        return super().store_result(  # type: ignore[misc]
            task_id, result, state, traceback, request, raised=result, **kwargs
        )

    def _store_result(
        self,
        task_id: str,
        result: Any,
        state: str,
        traceback: str | None = None,
        request: Any = None,
        raised: Any = None,
        **kwargs: Any,  # noqa: ARG002
    ) -> Any:
        if getattr(request, "is_eager", False) and not self.app.conf.task_store_eager_result:
            # It runs in the process that called it; nobody was given an id to follow.
            return super()._store_result(  # type: ignore[misc]
                task_id, result, state, traceback, request
            )
        run = run_of(request)
        if run is not None:
            flush_progress(run)
        meta = self._get_result_meta(result=result, state=state, traceback=traceback, request=request)
        meta["task_id"] = task_id
        value = self.encode(meta)
        if isinstance(value, str) and len(value) > self._MAX_STR_VALUE_SIZE:
            raise BackendStoreError(  # type: ignore[call-arg]
                "value too large for Redis backend", state=state, task_id=task_id
            )
        failing = state in states.EXCEPTION_STATES
        failure = failure_of(raised, self.options.public_errors) if failing else TASK_FAILED
        ref = new_token() if failing else ""
        entry = self._entry(
            task_id,
            describe(state, result, failure, ref, run.retry if run else None, run.remaining if run else None),
            request,
            state=state or "",  # None, of `update_state(meta=...)`, leaves the journal's as it is
            meta=value,
            final=state in events.FINAL_STATES,
            # A RETRY that the main process tells (a cold shutdown) may never come: its run is still watched.
            ends_run=state == events.RETRY and run is not None,
        )
        appended = self._outbox.write(entry, run)
        if failing and appended and appended.verdict is Verdict.APPENDED:
            told = f"Task {task_id}: reported {state} ({failure.code}), ref {ref}"
            logger.warning("%s", told if traceback is None else f"{told}\n{traceback}")
        return result

    def on_task_call(self, producer: Any, task_id: str) -> None:  # noqa: ARG002
        """A task is about to be sent. Stock subscribes the sender to each result; `get()` does so itself."""
        signals.sending(task_id, self)

    def _forget(self, task_id: str) -> None:
        keys = self.keys(task_id)
        self.client.delete(keys.result, keys.head, keys.log)

    def mark_as_failure(self, task_id: str, exc: Any, *args: Any, **kwargs: Any) -> None:
        """As Celery's, which fails most of the tasks that wait for this one; the others are told here."""
        super().mark_as_failure(task_id, exc, *args, **kwargs)  # type: ignore[misc]
        self.end_dependents(task_id, kwargs.get("request"))

    def mark_as_revoked(self, task_id: str, *args: Any, **kwargs: Any) -> None:
        """As Celery's, which leaves those that wait for the task waiting for ever."""
        super().mark_as_revoked(task_id, *args, **kwargs)  # type: ignore[misc]
        self.end_dependents(task_id, kwargs.get("request"))

    # What Celery never stores.

    def append_pending(
        self,
        task_id: str,
        name: str,
        canvas: Canvas,
        eta: datetime | None = None,
        queue: str = "",
        labels: Labels | None = None,
    ) -> None:
        """Begin the journals of a task that is sent, and of those that its message has to follow.

        ``queue`` is the one that the task takes a ticket of. Those that follow inherit its ``labels``.
        """
        own = labels or Labels()
        inherited = replace(own, group=None).head()
        entries = [
            self._pending(waiting_id, waiting.name, waiting.next, eta, inherited, waits=True)
            for waiting_id, waiting in canvas.waiting.items()
        ]
        tickets = queue_keys(queue) if queue and not self.options.sharded else None
        self._outbox.write_together(
            [*entries, self._pending(task_id, name, canvas.next, eta, own.head(), queue=tickets)]
        )

    def _pending(
        self,
        task_id: str,
        name: str,
        following: list[str],
        eta: datetime | None,
        labels: dict[str, str],
        *,
        waits: bool = False,
        queue: QueueKeys | None = None,
    ) -> Entry:
        """The time until the ETA prolongs the journal's life."""
        delay = max((eta - datetime.now(UTC)).total_seconds(), 0.0) if eta else 0.0
        members = {"waiting": '"dependency"'} if waits else {"eta": to_json(eta)} if eta else {}
        return Entry(
            keys=self.keys(task_id),
            task_id=task_id,
            type="state",
            members=members,
            state=events.PENDING,
            birth=True,
            waiting=waits,
            next=following,
            delay=int(delay),
            name=name,
            queue=queue,
            labels=labels,
            sharded=self.options.sharded,
            limits=self.limits,
        )

    def append_event(self, request: Any, description: Description, state: str = "", **fields: Any) -> None:
        """Append an event beside the stored result: a log line, a chunk of data, an untold start or end."""
        run = run_of(request)
        if run is not None:
            flush_progress(run)
        self._outbox.write(self._entry(request.id, description, request, state=state, **fields), run)

    def end_dependents(self, task_id: str, request: Any = None) -> None:
        """Tell the tasks that wait for this one, if it has ended without success, that it did."""
        if request is not None and not _may_be_followed(request):
            return
        head = self.keys(task_id).head
        final, state, following = self.ensure(self.client.hmget, (head, "final", "state", "next"))
        if following and final == b"1" and state != b"SUCCESS":
            end_dependents(read_next(following), self.keys, self._outbox.write)

    def exception_meta(self, task_id: str, exception: Exception, state: str) -> str | bytes:
        """What Celery stores of a task that ends by an exception of ours."""
        result = self.encode_result(exception, state)
        meta = self._get_result_meta(result=result, state=state, traceback=None, request=None)
        encoded: str | bytes = self.encode(meta | {"task_id": task_id})
        return encoded

    def load_cancelled(self) -> list[str]:
        """The tasks that were cancelled while they were queued, this worker being away or not."""
        return [task_id.decode() for task_id in self.client.zrange(CANCELLED, 0, -1)]

    def be_present(self) -> None:
        """This process runs tasks: hold a lease on the server that they are told on."""
        presence.begin(self.url or "", lambda: self._outbox.connect(DEADLINE), self.options.lease)

    def _entry(self, task_id: str, description: Description, request: Any, **fields: Any) -> Entry:
        name = getattr(request, "task", None)
        run = run_of(request)
        counts = fields.get("state") == events.SUCCESS and not self.options.sharded
        return Entry(
            keys=self.keys(task_id),
            task_id=task_id,
            type=description.type,
            members=description.members,
            run=run.id if run else "",
            name=name if isinstance(name, str) else "",
            labels=head_of(request),
            registration=None if self.options.sharded else registration_of(run),
            ran=run.elapsed() if run and counts else 0.0,
            sharded=self.options.sharded,
            limits=self.limits,
            **fields,
        )

    def keys(self, task_id: str) -> TaskKeys:
        """The task's names in Redis."""
        key = self.get_key_for_task(task_id)
        return TaskKeys(key.decode() if isinstance(key, bytes) else key)


def _may_be_followed(request: Any) -> bool:
    """Whether other tasks wait for the request's; a request that does not say so is not believed."""
    if getattr(request, "is_eager", False):
        return False
    return bool(getattr(request, "chain", True) or getattr(request, "chord", True))


class TaskbeamBackend(JournalBackend, RedisBackend):
    """The journal on one Redis server."""


class TaskbeamSentinelBackend(JournalBackend, SentinelBackend):
    """The journal on the master that Redis Sentinel names."""


def backend_for(app: Celery, url: str, **kwargs: Any) -> JournalBackend:
    """Make the backend for the URL behind ``taskbeam+``; what the entry point names.

    Raises `ImproperlyConfigured` for a scheme that is none of Redis'.
    """
    scheme = url.partition("://")[0]
    if scheme not in SCHEMES:
        known = ", ".join(f"taskbeam+{each}://" for each in SCHEMES)
        raise ImproperlyConfigured(f"taskbeam+{scheme}:// is no result backend: use one of {known}")
    if url.startswith("unix://"):
        # Celery's own name of the scheme; it fails on `unix://`, which redis-py knows.
        url = "socket://" + url.removeprefix("unix://")
    kind = TaskbeamSentinelBackend if url.startswith("sentinel://") else TaskbeamBackend
    return kind(app=app, url=url, **kwargs)
