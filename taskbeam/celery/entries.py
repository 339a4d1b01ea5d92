"""The entries of what a sender and a run have to tell of a task. No I/O."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from taskbeam.celery.labels import head_of
from taskbeam.celery.run import registration_of, run_of
from taskbeam.journal import events
from taskbeam.journal.describe import Description
from taskbeam.journal.encode import to_json
from taskbeam.journal.entry import Entry, Ran
from taskbeam.journal.labels import Labels
from taskbeam.tracing.current import current_traceparent

if TYPE_CHECKING:
    from taskbeam.celery.canvas import Waiting
    from taskbeam.celery.journal_backend import JournalBackend
    from taskbeam.celery.run import Run


class Entries:
    """With the names, limits and options of a backend. ``fields`` are further ones of the entry."""

    def __init__(self, backend: JournalBackend) -> None:
        self._backend = backend

    def pending(self, task_id: str, name: str, eta: datetime | None, labels: Labels, **fields: Any) -> Entry:
        """Of a task that is sent. The time until the ETA prolongs the journal's life."""
        backend = self._backend
        delay = max((eta - datetime.now(UTC)).total_seconds(), 0.0) if eta else 0.0
        members = {"waiting": '"dependency"'} if "waiting" in fields else {"eta": to_json(eta)} if eta else {}
        if (weight := backend.options.weights.get(name, 1)) != labels.weight:
            labels = replace(labels, weight=weight)
        return Entry(
            keys=backend.keys(task_id),
            task_id=task_id,
            type="state",
            members=members,
            state=events.PENDING,
            birth=True,
            delay=int(delay),
            name=name,
            labels=labels.head(),
            limits=backend.limits,
            **fields,
        )

    def waiting(self, task_id: str, waiting: Waiting, eta: datetime | None, inherited: Labels) -> Entry:
        """Of a task that waits for another one to end, whose labels it inherits."""
        labels = inherited if waiting.header is None else Labels.of_header(waiting.header)
        labels = replace(labels, groups=waiting.groups, tree=inherited.tree, trace=inherited.trace)
        return self.pending(
            task_id, waiting.name, eta, labels, waiting=True, next=waiting.next, beside=waiting.beside
        )

    def told(self, task_id: str, description: Description, request: Any, **fields: Any) -> Entry:
        """Of what is told of a task; by its run, where the ``request`` has one."""
        backend = self._backend
        task = getattr(request, "task", None)
        name = task if isinstance(task, str) else ""
        run = run_of(request)
        counts = fields.get("state") == events.SUCCESS and backend.watches_runs
        labels = head_of(request, backend.options.weights)
        if run is not None and fields.get("final") and (trace := current_traceparent()) is not None:
            # That of the run: whoever delivers the end goes on from there.
            labels = labels | {"trace": trace}
        return Entry(
            keys=backend.keys(task_id),
            task_id=task_id,
            type=description.type,
            members=description.members,
            permille=description.permille,
            run=run.id if run else "",
            name=name,
            labels=labels,
            registration=registration_of(run, backend.control) if backend.watches_runs else None,
            ran=Ran(run.elapsed(), backend.control.times(name)) if run and name and counts else None,
            limits=backend.limits,
            **fields,
        )


def with_steps(description: Description, run: Run | None) -> Description:
    """What a run with steps tells of its state has all of them, and so a snapshot has them."""
    if run is None or run.steps is None:
        return description
    return Description(description.type, description.members | run.steps.members())
