"""The journals of an application, kept in this process while a test runs."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from celery.signals import task_prerun, task_retry

from taskbeam.celery.external_entries import cancel_entry, revoked_entry
from taskbeam.celery.run import run_of
from taskbeam.contract.events import feed_event
from taskbeam.journal.entry import Verdict
from taskbeam.journal.events import Record
from taskbeam.journal.feeds.names import feed_keys
from taskbeam.testing.eager_results import eager_results_stored
from taskbeam.testing.in_memory import connection_class, in_memory_server
from taskbeam.testing.recorded_task import RecordedTask
from taskbeam.testing.recording_backend import RecordingBackend

if TYPE_CHECKING:
    from collections.abc import Iterator
    from os import PathLike

    from celery import Celery
    from celery.result import AsyncResult

    from taskbeam.contract.events import FeedEvent, GapEvent, RollupEvent
    from taskbeam.journal.entry import Appended, Entry

#: Seconds that `Recording.wait` waits, unless it is told otherwise.
PATIENCE = 30.0


class Recording:
    """What clients would get of the application's tasks; `recording` makes it."""

    def __init__(self, app: Celery) -> None:
        self.app = app
        self._connection_class = connection_class(in_memory_server())
        self._raised: dict[str, BaseException] = {}
        # Ids, in the order in which the tasks were first heard of.
        self._ids: dict[str, None] = {}
        self._changed = threading.Condition()
        # How many more reports a run may make until it is asked to stop; None: as many as it wants.
        self._reports_left: int | None = None
        # Its own, so that what was recorded can be read when the application's is back.
        self._backend = self.make_backend()

    def make_backend(self) -> RecordingBackend:
        """The application's backend for the thread that asks."""
        return RecordingBackend(self.app, self._connection_class, self._appended, self._raised)

    # What was recorded.

    @property
    def tasks(self) -> list[RecordedTask]:
        """All tasks, in the order in which they were first heard of."""
        return [self.of(task_id) for task_id in list(self._ids)]

    def named(self, name: str) -> list[RecordedTask]:
        """Those with this task name."""
        return [task for task in self.tasks if task.name == name]

    def of(self, task: str | AsyncResult[Any]) -> RecordedTask:
        """One task's events so far.

        Args:
            task: its id, or what `delay`, `apply_async` or `apply` returned.

        Raises `KeyError` for a task that nothing was recorded of.
        """
        task_id = task if isinstance(task, str) else task.id
        if task_id not in self._ids:
            raise KeyError(f"nothing is recorded of task {task_id}")
        bodies = self._bodies(self._backend.keys(task_id).log)
        return RecordedTask(task_id, bodies, self._raised.get(task_id))

    def wait(self, task: str | AsyncResult[Any], timeout: float = PATIENCE) -> RecordedTask:
        """One task's events once it has ended, on a worker of `celery.contrib.testing`.

        Args:
            task: as `of` takes it; it need not have been heard of yet.
            timeout: seconds to wait at the most.

        Raises `TimeoutError`, which says how far the task has come.
        """
        task_id = task if isinstance(task, str) else task.id
        with self._changed:
            if self._changed.wait_for(lambda: self._has_ended(task_id), timeout):
                return self.of(task_id)
        so_far = repr(self.of(task_id)) if task_id in self._ids else f"<{task_id}: no events>"
        raise TimeoutError(f"not ended within {timeout} s: {so_far}")

    def feed(self, name: str) -> list[FeedEvent | RollupEvent | GapEvent]:
        """The transitions in a feed: ``owner:ada``, ``tag:billing``; with a worker also groups and trees."""
        prefix = self._backend.keys("id").result.removesuffix("id")
        return [feed_event(body) for body in self._bodies(feed_keys(name, prefix).log)]

    def save(self, path: str | PathLike[str]) -> None:
        """Write all tasks to a file, for `taskbeam.testing.gateway` to replay."""
        tasks = {task.task_id: task.bodies for task in self.tasks}
        Path(path).write_text(json.dumps({"version": 1, "tasks": tasks}, indent=1) + "\n")

    # What somebody does to a task.

    def cancel(self, task: str | AsyncResult[Any]) -> None:
        """Cancel a task as a client does: no worker runs one that waits; the next report of one that runs
        raises `Cancelled`.
        """
        task_id = task if isinstance(task, str) else task.id
        revoked = self._backend.append(revoked_entry(self._backend, task_id))
        if revoked is None or revoked.verdict is Verdict.REFUSED:
            self._backend.append(cancel_entry(self._backend, task_id))

    @contextmanager
    def cancelling(self, *, after: int) -> Iterator[None]:
        """Cancel a task while it runs: the report of its progress that is the block's ``after``-th.

        That report raises `Cancelled`.
        """
        self._reports_left = after
        try:
            yield
        finally:
            self._reports_left = None

    # How it hears of it.

    def _bodies(self, log: str) -> list[dict[str, Any]]:
        raw = cast("list[bytes]", self._backend.client.lrange(log, 0, -1))
        return [json.loads(Record.parse(each).body) for each in raw]

    def _has_ended(self, task_id: str) -> bool:
        return task_id in self._ids and self.of(task_id).ended

    def _appended(self, entry: Entry, answer: Appended) -> Appended:
        """On the thread that appends."""
        with self._changed:
            self._ids.setdefault(entry.task_id)
            self._changed.notify_all()
        if entry.type == "progress" and self._reports_left is not None:
            self._reports_left -= 1
            if self._reports_left <= 0:
                self._reports_left = None
                self.cancel(entry.task_id)
                return replace(answer, cancelled=True)
        return answer


@contextmanager
def recording(app: Celery) -> Iterator[Recording]:
    """Keep the application's journals in memory, as long as the block lasts.

    Args:
        app: whatever its result backend is; nothing is connected. Its tasks are recorded where they run:
            eagerly, or on a worker of `celery.contrib.testing` that is started in the block.

    A block inside a block for the same application is the same recording.
    """
    if (outer := _running.get(id(app))) is not None:
        yield outer
        return
    made = Recording(app)
    with _in_place(app, made), eager_results_stored(app):
        _running[id(app)] = made
        try:
            yield made
        finally:
            del _running[id(app)]


#: The recordings that go on, by their applications.
_running: dict[int, Recording] = {}


@contextmanager
def _in_place(app: Any, made: Recording) -> Iterator[None]:
    """Each thread makes a backend of its own, and keeps it: those that it has made before come back later."""
    kept = app._local, app._backend_cache
    app._local, app._backend_cache, app._get_backend = threading.local(), None, made.make_backend
    task_prerun.connect(_run_begins, dispatch_uid=_OURS)
    task_retry.connect(_run_asks_for_another, dispatch_uid=_OURS)
    try:
        yield
    finally:
        app._local, app._backend_cache = kept
        del app._get_backend


#: What the handlers are connected as: once, however many recordings there are.
_OURS = "taskbeam.testing"


def _run_begins(task: Any, **_: Any) -> None:
    run = run_of(task.request)
    if run is not None and isinstance(run.backend, RecordingBackend):
        run.backend.hold_text(run)


def _run_asks_for_another(sender: Any, request: Any, reason: Any, **_: Any) -> None:
    """Of a task that ignores its result nothing is stored, and so `mark_as_retry` is not called."""
    if isinstance(backend := sender.backend, RecordingBackend):
        backend.note_retry(request, reason)
