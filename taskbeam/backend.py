"""The Celery result backend: every state that Celery stores goes through the journal.

``result_backend = "taskbeam+redis://host/1"`` selects it (also `taskbeam+rediss://`, `+sentinel://`,
`+socket://` and `+unix://`), by the entry point `celery.result_backends`.
"""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING, Any

from billiard.exceptions import WorkerLostError
from celery import states
from celery.backends.redis import RedisBackend, SentinelBackend
from celery.exceptions import BackendStoreError, TaskRevokedError
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry as RedisRetry

from taskbeam import events, signals
from taskbeam.describe import Description, describe
from taskbeam.failures import TASK_FAILED, failure_of
from taskbeam.journal.entry import Entry, Verdict, new_token
from taskbeam.journal.lossy import LossyWriter
from taskbeam.journal.writer import JournalWriter
from taskbeam.keys import CANCELLED, TaskKeys
from taskbeam.liveness.presence import presence
from taskbeam.options import Options
from taskbeam.progress import flush_progress
from taskbeam.run import registration_of, run_of

if TYPE_CHECKING:
    from celery import Celery
    from redis.connection import AbstractConnection

    from taskbeam.journal.entry import Appended
    from taskbeam.run import Run

logger = logging.getLogger(__name__)

#: Seconds that an append may take before progress is given up, or a transition is tried again patiently.
DEADLINE = 1.0

#: What must not be lost. Every other state may be, when Redis is away.
_TRANSITIONS = frozenset({events.RETRY, *events.FINAL_STATES})


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
        self._quick = JournalWriter(lambda: self._make_connection(DEADLINE))
        self._patient = JournalWriter(self._make_connection)
        self._lossy = LossyWriter(self._quick.post, (RedisError, OSError))
        self._settled = LossyWriter(self._quick.append, (RedisError, OSError))
        signals.connect(self.app)

    def _make_connection(self, deadline: float | None = None) -> AbstractConnection:
        """An unconnected connection as the backend's own pool makes them, with another deadline."""
        pool = self.client.connection_pool
        kwargs = dict(pool.connection_kwargs, retry=RedisRetry(NoBackoff(), 0))
        if deadline is not None:
            kwargs["socket_timeout"] = deadline
            if "path" not in kwargs:
                kwargs["socket_connect_timeout"] = deadline
        connection: AbstractConnection = pool.connection_class(**kwargs)
        return connection

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
            describe(state, result, failure, ref, run.retry if run else None),
            request,
            state=state or "",  # None, of `update_state(meta=...)`, leaves the journal's as it is
            meta=value,
            final=state in events.FINAL_STATES,
            # A RETRY that the main process tells (a cold shutdown) may never come: its run is still watched.
            ends_run=state == events.RETRY and run is not None,
            ttl=self._time_to_live(state),
        )
        appended = self._write(entry, run)
        if failing and appended and appended.verdict is Verdict.APPENDED:
            told = f"Task {task_id} is told as {state}, {failure.code} [ref {ref}]"
            logger.warning("%s", told if traceback is None else f"{told}\n{traceback}")
        return result

    def on_task_call(self, producer: Any, task_id: str) -> None:  # noqa: ARG002
        """A task is about to be sent. Stock subscribes the sender to each result; `get()` does so itself."""
        signals.sending(task_id, self)

    def _forget(self, task_id: str) -> None:
        keys = self._keys(task_id)
        self.client.delete(keys.result, keys.head, keys.log)

    # What Celery never stores.

    def append_pending(
        self, task_id: str, name: str, delay: float = 0.0, members: dict[str, str] | None = None
    ) -> None:
        """Begin the journal of a task that is sent; ``delay`` (seconds until its ETA) prolongs its life."""
        self._settled.offer(
            Entry(
                keys=self._keys(task_id),
                task_id=task_id,
                type="state",
                members=members or {},
                state=events.PENDING,
                birth=True,
                ttl=self.expires + int(delay) if self.expires else 0,
                name=name,
                **self.options.entry_fields(),
            )
        )

    def append_event(self, request: Any, description: Description, state: str = "", **fields: Any) -> None:
        """Append an event beside the stored result: a log line, a chunk of data, an untold start or end."""
        run = run_of(request)
        if run is not None:
            flush_progress(run)
        fields["ttl"] = self.expires or 0
        self._write(self._entry(request.id, description, request, state=state, **fields), run)

    def revoked_entry(self, task_id: str) -> Entry:
        """What ends a task that was cancelled before any run of it began; for a canceller to append."""
        exception = TaskRevokedError("cancelled")
        result = self.encode_result(exception, states.REVOKED)
        meta = self._get_result_meta(result=result, state=states.REVOKED, traceback=None, request=None)
        return Entry(
            keys=self._keys(task_id),
            task_id=task_id,
            type="state",
            members=describe(states.REVOKED, result, failure_of(exception), new_token()).members,
            state=states.REVOKED,
            final=True,
            only="queued",
            meta=self.encode(meta | {"task_id": task_id}),
            ttl=self._time_to_live(states.REVOKED),
            **self.options.entry_fields(),
        )

    def lost_result(self, task_id: str) -> tuple[bytes, int]:
        """What Celery's own result may say of a lost task, and for how many seconds."""
        result = self.encode_result(WorkerLostError("The worker was lost."), states.FAILURE)
        meta = self._get_result_meta(result=result, state=states.FAILURE, traceback=None, request=None)
        encoded = self.encode(meta | {"task_id": task_id})
        return encoded if isinstance(encoded, bytes) else encoded.encode(), self._time_to_live(states.FAILURE)

    def cancel_entry(self, task_id: str) -> Entry:
        """What asks a running task to stop; for a canceller to append."""
        return Entry(
            keys=self._keys(task_id),
            task_id=task_id,
            type="state",
            members={"cancel": '"requested"'},
            only="open",
            cancel=True,
            **self.options.entry_fields(),
        )

    def load_cancelled(self) -> list[str]:
        """The tasks that were cancelled while they were queued, this worker being away or not."""
        return [task_id.decode() for task_id in self.client.zrange(CANCELLED, 0, -1)]

    def be_present(self) -> None:
        """This process runs tasks: hold a lease on the server that they are told on."""
        presence.begin(self.as_uri(), lambda: self._make_connection(DEADLINE), self.options.lease)

    def _write(self, entry: Entry, run: Run | None) -> Appended | None:
        """Append, and let the run know if it was cancelled."""
        if run is None:
            return self._append(entry, self._settled)
        with run.lock:
            # Only the run's own thread need not wait: what it sends, it sends over one connection, in order.
            at_home = run.thread == threading.get_ident()
            answer = self._append(entry, self._lossy if at_home else self._settled)
        if answer is not None and answer.cancelled and answer.run == run.id:
            run.cancelled = True
        return answer

    def _append(self, entry: Entry, lossy: LossyWriter) -> Appended | None:
        return self._append_durably(entry) if entry.state in _TRANSITIONS else lossy.offer(entry)

    def _append_durably(self, entry: Entry) -> Appended:
        """As stock stores a result: with its retry policy, after one quick attempt."""
        try:
            return self._quick.append(entry)
        except self.connection_errors:
            appended: Appended = self.ensure(self._patient.append, (entry,))
            self._patient.close()
            return appended

    def _entry(self, task_id: str, description: Description, request: Any, **fields: Any) -> Entry:
        name = getattr(request, "task", None)
        run = run_of(request)
        return Entry(
            keys=self._keys(task_id),
            task_id=task_id,
            type=description.type,
            members=description.members,
            run=run.id if run else "",
            name=name if isinstance(name, str) else "",
            registration=None if self.options.sharded else registration_of(run),
            **self.options.entry_fields(),
            **fields,
        )

    def _keys(self, task_id: str) -> TaskKeys:
        key = self.get_key_for_task(task_id)
        return TaskKeys(key.decode() if isinstance(key, bytes) else key)

    def _time_to_live(self, state: str) -> int:
        expires = getattr(self, "failure_expires", self.expires) if state == states.FAILURE else self.expires
        return int(expires or 0)


class TaskbeamBackend(JournalBackend, RedisBackend):
    """The journal on one Redis server."""


class TaskbeamSentinelBackend(JournalBackend, SentinelBackend):
    """The journal on the master that Redis Sentinel names."""


def backend_for(app: Celery, url: str, **kwargs: Any) -> JournalBackend:
    """Make the backend for the URL behind ``taskbeam+``; what the entry point names."""
    if url.startswith("unix://"):
        # Celery's own name of the scheme; it fails on `unix://`, which redis-py knows.
        url = "socket://" + url.removeprefix("unix://")
    kind = TaskbeamSentinelBackend if url.startswith("sentinel://") else TaskbeamBackend
    return kind(app=app, url=url, **kwargs)
