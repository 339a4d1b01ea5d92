"""The Celery result backend: every state that Celery stores goes through the journal.

`backend.py` says which URL selects it.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from celery import states
from celery.exceptions import BackendStoreError
from redis.exceptions import ResponseError

from taskbeam.background.log_fields import about
from taskbeam.background.logger import logger_for
from taskbeam.celery import signals
from taskbeam.celery.cached_properties import readable_in_children
from taskbeam.celery.canvas_feeds import CanvasFeeds
from taskbeam.celery.dependents import Dependents
from taskbeam.celery.entries import Entries, with_steps
from taskbeam.celery.external_entries import replaced_entry, revoked_entry
from taskbeam.celery.journal import Journal
from taskbeam.celery.labels import sent_for
from taskbeam.celery.missing_ends import MissingEnds
from taskbeam.celery.options import Options
from taskbeam.celery.outbox import Outbox
from taskbeam.celery.outbox_connections import OutboxConnections
from taskbeam.celery.output import flush_output
from taskbeam.celery.progress import flush_progress
from taskbeam.celery.published_schemas import publish_schemas
from taskbeam.celery.run import Run, current_run, live_run, run_of
from taskbeam.celery.soft_limit import reporting
from taskbeam.celery.stored_meta import stored_meta
from taskbeam.journal import events
from taskbeam.journal.bounds import MAX_VALUE_BYTES, MAX_WORD
from taskbeam.journal.control_keys import ONE_SERVER
from taskbeam.journal.dependents import end_dependents
from taskbeam.journal.describe import Description, describe
from taskbeam.journal.entry import Entry, Verdict, new_token
from taskbeam.journal.eviction import eviction_warning
from taskbeam.journal.failures import NOT_SENT, TASK_FAILED, failure_of
from taskbeam.journal.keys import ShardedKeys, TaskKeys
from taskbeam.journal.labels import Labels
from taskbeam.journal.stored import without_marks
from taskbeam.presence.presence import presence

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from taskbeam.celery.canvas import Canvas
    from taskbeam.celery.written_text import Piece
    from taskbeam.cluster.slot_map import Address
    from taskbeam.journal.control_keys import ControlKeys
    from taskbeam.journal.entry import Appended
    from taskbeam.journal.writer import Writer

logger = logger_for(__name__)

#: States that Celery itself stores; all others a task does.
_TOLD_BY_CELERY = frozenset({events.STARTED, events.RETRY, *events.FINAL_STATES})


#: States with which an attempt is over.
_ENDS_RUN = frozenset({events.RETRY, *events.FINAL_STATES})


class JournalBackend(Journal):
    """Mixed into Celery's Redis backends: stores a state, and appends its event, in one round trip.

    The seam is `_store_result`, which sees every write: of tasks, of the worker's main process and
    of other tasks. The Celery setting `taskbeam_options` holds its `Options`.
    Methods without a docstring are `Journal`'s.
    """

    #: The servers of a Redis Cluster that are asked first for the others; none where it is no cluster.
    startup_nodes: tuple[Address, ...] = ()

    if TYPE_CHECKING:  # what the Redis backend brings

        def __getattr__(self, name: str) -> Any: ...

    def __init__(self, *args: Any, hears: bool = True, **kwargs: Any) -> None:
        """``hears``: what Celery signals of the application's tasks. As Celery's otherwise."""
        super().__init__(*args, **kwargs)
        readable_in_children(type(self))
        self.options = Options.of(self.app.conf.get("taskbeam_options"))
        failure_expires = getattr(self, "failure_expires", self.expires)
        self.limits = self.options.limits(int(self.expires or 0), int(failure_expires or 0))
        self._extended = bool(self.app.conf.result_extended)
        self._connections = self.outbox_connections()
        self._outbox = Outbox(self._connections, self.ensure, self._store_alone, self.journal_writer)
        self._entries = Entries(self)
        self._canvases = CanvasFeeds(self, self._outbox)
        self.dependents = Dependents(self, self._outbox)
        self._missing = MissingEnds(self)
        if hears:
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
        """As Celery's; the exception itself is kept beside its encoded form.

        Raises `Cancelled` where a task, or a thread of it, updates the state of a run that is to stop.
        """
        with reporting:
            stored = super().store_result(  # type: ignore[misc]
                task_id, result, state, traceback, request, raised=result, **kwargs
            )
        if self.options.cancel_updates and state not in _TOLD_BY_CELERY:
            run = live_run(task_id)
            if run is not None and current_run() in (None, run):
                run.check()
        return stored

    def store_progress(self, run: Run, meta: dict[str, Any]) -> None:
        """Of `progress()`, which asks by itself whether the run is to stop."""
        super().store_result(  # type: ignore[misc]
            run.request.id, meta, events.PROGRESS, request=run.request
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
        run = _writer(request, task_id, state)
        if run is not None:
            flush_progress(run)
            if state in _ENDS_RUN:
                run.stored_end = state
                flush_output(run, last=True)
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
        description = describe(
            state, result, failure, ref, run.retry if run else None, run.remaining if run else None
        )
        if run is not None and run.payloads is not None:
            description = run.payloads.fit(description)
        entry = self._entries.told(
            task_id,
            with_steps(description, run),
            run.request if run else request if getattr(request, "id", None) == task_id else None,
            state=(state or "")[
                :MAX_WORD
            ],  # None, of `update_state(meta=...)`, leaves the journal's as it is
            meta=value,
            final=state in events.FINAL_STATES,
            # A RETRY that the main process tells (a cold shutdown) may never come: its run is still watched.
            ends_run=state == events.RETRY and run is not None,
            holds=self._canvases.hold(request, task_id, state),
        )
        if "files_omitted" in entry.members:
            logger.error(
                "Task %s: the names of the files in its result have more than %s bytes, so no client can "
                "read them. Name fewer, or emit() them one by one",
                task_id,
                MAX_VALUE_BYTES,
                extra=about(task_id=task_id),
            )
        appended = self._outbox.write(entry, run)
        self.dependents.note(request, entry, appended)
        if failing and appended and appended.verdict is Verdict.APPENDED:
            told = f"Task {task_id}: reported {state} ({failure.code}), ref {ref}"
            told = told if traceback is None else f"{told}\n{traceback}"
            logger.warning("%s", told, extra=about(task_id=task_id, ref=ref))
        return result

    def _get_result_meta(
        self, result: Any, state: str, traceback: str | None, request: Any, **kwargs: Any
    ) -> dict[str, Any]:
        if self._extended:
            meta: dict[str, Any] = super()._get_result_meta(  # type: ignore[misc]
                result, state, traceback, request, **kwargs
            )
            return meta
        done = self.app.timezone if state in self.READY_STATES else None
        return stored_meta(state, result, traceback, request, self.current_task_children(request), done)

    def _store_alone(self, entry: Entry, error: Exception) -> None:
        """Store what Celery reads, where the journal cannot be written. The first success stays, as ever."""
        logger.error(
            "Task %s: its journal cannot be written, so no client hears of its %s; Celery stores it: %s",
            entry.task_id,
            entry.state,
            error,
            extra=about(task_id=entry.task_id),
        )
        if entry.meta and self._get_task_meta_for(entry.task_id)["status"] != states.SUCCESS:
            self._set_with_state(entry.keys.result, entry.meta, entry.state)

    def encode(self, data: Any) -> Any:
        """As Celery's. Of a file that `stored` marks others read the address, by whichever serializer."""
        knows_marks = self.serializer in ("json", "pickle")
        return super().encode(data if knows_marks else without_marks(data))  # type: ignore[misc]

    def on_task_call(self, producer: Any, task_id: str) -> None:  # noqa: ARG002
        """A task is about to be sent. Stock subscribes the sender to each result; `get()` does so itself."""
        signals.sending(task_id, self)

    def _forget(self, task_id: str) -> None:
        keys = self.keys(task_id)
        self.client.delete(keys.result, keys.head, keys.log, keys.output)

    def set_chord_size(self, group_id: str, chord_size: int) -> None:
        """As Celery's; the group's feed is told, too."""
        super().set_chord_size(group_id, chord_size)  # type: ignore[misc]
        self._canvases.sizes({group_id: chord_size})

    def add_to_chord(self, group_id: str, result: Any) -> None:
        """As Celery's; the group's feed is told, too."""
        self._canvases.added(group_id, result.id)
        super().add_to_chord(group_id, result)  # type: ignore[misc]

    def seal_group(self, group: str, members: Sequence[str]) -> None:
        self._canvases.sealed(group, members)

    def mark_as_failure(self, task_id: str, exc: Any, *args: Any, **kwargs: Any) -> None:
        """As Celery's, which fails most of the tasks that wait for this one; the others are told here."""
        request = kwargs.get("request")
        with sent_for(request):
            super().mark_as_failure(task_id, exc, *args, **kwargs)  # type: ignore[misc]
        self.dependents.end(task_id, request)
        self._canvases.release(request)

    def mark_as_revoked(self, task_id: str, *args: Any, **kwargs: Any) -> None:
        """As Celery's, which leaves those that wait for the task waiting for ever."""
        super().mark_as_revoked(task_id, *args, **kwargs)  # type: ignore[misc]
        self.dependents.end(task_id, kwargs.get("request"))

    # What Celery never stores.

    def append_pending(
        self,
        task_id: str,
        name: str,
        canvas: Canvas,
        eta: datetime | None = None,
        queue: str = "",
        labels: Labels | None = None,
    ) -> bool:
        own = labels or Labels()
        tickets = self.control.queue(queue) if queue and self.watches_runs else None
        entry = self._entries.pending(task_id, name, eta, own, next=canvas.next, queue=tickets)
        told = self._outbox.write(entry)
        if told is not None and told.begins and canvas.waiting:
            # Else the task was told with the message of another one, and so was all that follows it.
            self._outbox.write_together(
                [
                    self._entries.waiting(waiting_id, waiting, eta, own)
                    for waiting_id, waiting in canvas.waiting.items()
                ]
            )
            self._canvases.sizes(canvas.sizes)
        return told is not None and told.verdict is not Verdict.REFUSED

    def append_replaced(self, task_id: str, run: str) -> None:
        self._outbox.write(replaced_entry(self, task_id, run))

    def append_unsent(self, task_id: str) -> None:
        ended = self._outbox.write_at_once(revoked_entry(self, task_id, NOT_SENT))
        if ended is not None:
            end_dependents(ended.dependents, self.keys, self._outbox.write_at_once)

    def append_event(self, request: Any, description: Description, state: str = "", **fields: Any) -> None:
        run = run_of(request)
        if run is not None:
            flush_progress(run)
            if state:
                flush_output(run, last=True)
                description = with_steps(description, run)
            if run.payloads is not None:
                description = run.payloads.fit(description)
        entry = self._entries.told(request.id, description, request, state=state, **fields)
        self.dependents.note(request, entry, self._outbox.write(entry, run))

    def append_text(self, run: Run, piece: Piece) -> None:
        """Append a piece of what the run's task writes."""
        entry = self._entries.told(
            run.request.id,
            Description("output"),
            run.request,
            text=piece.text,
            units=piece.units,
            written=piece.written,
        )
        self._outbox.write(entry, run)

    def append(self, entry: Entry) -> Appended | None:
        """Append an entry as it is; None where Redis did not take it yet, or never will."""
        return self._outbox.write(entry)

    def exception_meta(self, task_id: str, exception: Exception, state: str) -> str | bytes:
        """What Celery stores of a task that ends by an exception of ours."""
        result = self.encode_result(exception, state)
        meta = self._get_result_meta(result=result, state=state, traceback=None, request=None)
        encoded: str | bytes = self.encode(meta | {"task_id": task_id})
        return encoded

    def load_cancelled(self) -> list[str]:
        ids = self.client.zrange(self.control.cancelled, 0, -1)
        return [task_id.decode() if isinstance(task_id, bytes) else task_id for task_id in ids]

    def warn_of_eviction(self) -> None:
        with suppress(ResponseError):  # this user may not ask
            if warning := eviction_warning(self.memory_of_servers()):
                logger.warning(warning)

    def memory_of_servers(self) -> list[Any]:
        """What each server with journals says of its memory; raises redis-py's errors."""
        return [self.client.info("memory")]

    def publish_schemas(self) -> None:
        publish_schemas(self.app.tasks, self.client, self.control)

    def outbox_connections(self) -> OutboxConnections:
        """The connections over which its entries leave."""
        return OutboxConnections(lambda: self.client)

    def drop_connections(self) -> None:
        """Close those over which this thread's entries leave, for it sends no more."""
        self._outbox.close()

    def journal_writer(self, *, patient: bool) -> Writer:
        """What appends its entries; see `OutboxConnections.writer`."""
        return self._connections.writer(patient=patient)

    def follow_eager(self, task: Any) -> bool:  # noqa: ARG002
        return False

    def be_present(self) -> None:
        connect = self._connections.make_quick
        presence.begin(self.url or "", connect, self.control, self.options.lease, self._missing.look)

    @property
    def control(self) -> ControlKeys:
        """The names in Redis of what belongs to no task."""
        return ONE_SERVER

    @property
    def watches_runs(self) -> bool:
        return not self.options.sharded

    @property
    def kind_of_keys(self) -> type[TaskKeys]:
        """How its tasks are named and told."""
        return ShardedKeys if self.options.sharded else TaskKeys

    def keys(self, task_id: str) -> TaskKeys:
        """The task's names in Redis."""
        key = self.get_key_for_task(task_id)
        return self.kind_of_keys(key.decode() if isinstance(key, bytes) else key)


def _writer(request: Any, task_id: str, state: str | None) -> Run | None:
    """The run that stores a state of the task; None where another task, or Celery's main process, does."""
    run = run_of(request)
    if run is not None:
        return run if run.request.id == task_id else None
    # A thread has no request of its own.
    return None if state in _TOLD_BY_CELERY else live_run(task_id)
