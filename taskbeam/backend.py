"""The Celery result backend: every state that Celery stores goes through the journal.

``result_backend = "taskbeam+redis://host/1"`` selects it (also `taskbeam+rediss://`, `+sentinel://`,
`+socket://` and `+unix://`), by the entry point `celery.result_backends`.
"""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Any

from celery import states
from celery.backends.redis import RedisBackend, SentinelBackend
from celery.exceptions import BackendStoreError
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry as RedisRetry

from taskbeam import events, signals
from taskbeam.describe import Description, describe
from taskbeam.encode import to_json
from taskbeam.journal.entry import DEFAULT_LIMIT, Entry, new_token
from taskbeam.journal.lossy import LossyWriter
from taskbeam.journal.writer import JournalWriter
from taskbeam.keys import TaskKeys
from taskbeam.run import retry_of, run_id

if TYPE_CHECKING:
    from celery import Celery
    from redis.connection import AbstractConnection

logger = logging.getLogger(__name__)

#: Seconds that an append may take before progress is given up, or a transition is tried again patiently.
DEADLINE = 1.0

#: What Celery itself stores. Every other state is the task's own, and may be lost when Redis is away.
_TRANSITIONS = frozenset({events.RETRY, *events.FINAL_STATES})


class JournalBackend:
    """Mixed into Celery's Redis backends: stores a state, and appends its event, in one round trip.

    The seam is `_store_result`, which sees every write: of tasks, of the worker's main process and
    of other tasks. Options come from the Celery setting `taskbeam_options`: ``limit`` (records that
    a log keeps) and ``sharded`` (publish with SPUBLISH, for a cluster with sharded pub/sub).
    """

    if TYPE_CHECKING:  # what the Redis backend brings

        def __getattr__(self, name: str) -> Any: ...

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        options = self.app.conf.get("taskbeam_options") or {}
        self._limit = int(options.get("limit", DEFAULT_LIMIT))
        self._sharded = bool(options.get("sharded", False))
        self._quick = JournalWriter(lambda: self._make_connection(DEADLINE))
        self._patient = JournalWriter(self._make_connection)
        self._lossy = LossyWriter(self._quick.append, (RedisError, OSError))
        signals.connect()

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

    def _store_result(
        self,
        task_id: str,
        result: Any,
        state: str,
        traceback: str | None = None,
        request: Any = None,
        **kwargs: Any,  # noqa: ARG002
    ) -> Any:
        meta = self._get_result_meta(result=result, state=state, traceback=traceback, request=request)
        meta["task_id"] = task_id
        value = self.encode(meta)
        if isinstance(value, str) and len(value) > self._MAX_STR_VALUE_SIZE:
            raise BackendStoreError(  # type: ignore[call-arg]
                "value too large for Redis backend", state=state, task_id=task_id
            )
        ref = new_token()
        entry = self._entry(
            task_id,
            describe(state, result, ref, retry_of(request) if state == events.RETRY else None),
            request,
            state=state or "",  # None, of `update_state(meta=...)`, leaves the journal's as it is
            meta=value,
            final=state in events.FINAL_STATES,
            ends_run=state == events.RETRY,
            ttl=self._time_to_live(state),
        )
        if state in _TRANSITIONS:
            self._append_durably(entry)
        else:
            self._lossy.offer(entry)
        if state in states.EXCEPTION_STATES:
            logger.warning("Task %s is told as %s [ref %s]", task_id, state, ref)
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
        ttl = self.expires and self.expires + int(delay)
        self._lossy.offer(
            Entry(
                keys=self._keys(task_id),
                type="state",
                front=_front(task_id, "state"),
                back=_back(final=False, members=members or {}),
                state=events.PENDING,
                birth=True,
                ttl=ttl or 0,
                limit=self._limit,
                name=to_json(name),
                sharded=self._sharded,
            )
        )

    def append_event(self, request: Any, description: Description, state: str = "") -> None:
        """Append an event beside the stored result: a log line, a chunk of data, an untold start."""
        self._lossy.offer(self._entry(request.id, description, request, state=state, ttl=self.expires or 0))

    def _append_durably(self, entry: Entry) -> None:
        """As stock stores a result: with its retry policy, after one quick attempt."""
        try:
            self._quick.append(entry)
        except self.connection_errors:
            self.ensure(self._patient.append, (entry,))
            self._patient.close()

    def _entry(self, task_id: str, description: Description, request: Any, **fields: Any) -> Entry:
        name = getattr(request, "task", None)
        return Entry(
            keys=self._keys(task_id),
            type=description.type,
            front=_front(task_id, description.type),
            back=_back(final=fields.get("final", False), members=description.members),
            run=run_id(request),
            limit=self._limit,
            name=to_json(name) if isinstance(name, str) else "",
            sharded=self._sharded,
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


def _front(task_id: str, type: str) -> str:  # noqa: A002
    return f'"task_id":{to_json(task_id)},"type":"{type}",'


def _back(*, final: bool, members: dict[str, str]) -> str:
    optional = "".join(f',"{name}":{value}' for name, value in members.items())
    return f'"ts":{time.time():.6f},"final":{"true" if final else "false"}{optional}}}'
