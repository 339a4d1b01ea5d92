"""The tasks that wait for another one: when that ends without success, they are told that they never run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from taskbeam.background.log_fields import about
from taskbeam.background.logger import logger_for
from taskbeam.celery.kept_ends import kept_ends
from taskbeam.journal.dependents import end_dependents
from taskbeam.journal.entry import read_ids

if TYPE_CHECKING:
    from collections.abc import Sequence

    from taskbeam.celery.journal_backend import JournalBackend
    from taskbeam.celery.outbox import Outbox
    from taskbeam.journal.entry import Appended, Entry

logger = logger_for(__name__)

#: What a request keeps of the answer to its task's end.
_NOTED = "taskbeam_dependents"


class Dependents:
    """Of the tasks of one backend."""

    def __init__(self, backend: JournalBackend, outbox: Outbox) -> None:
        self._backend = backend
        self._outbox = outbox

    def note(self, request: Any, entry: Entry, appended: Appended | None) -> None:
        """Keep with the request who waits for the task that this entry ends.

        An end that Redis did not take is told later, and then whoever waits is told with it.
        """
        if entry.final and getattr(request, "id", None) == entry.task_id:
            setattr(request, _NOTED, appended.dependents if appended else ())

    def end(self, task_id: str, request: Any = None) -> None:
        """Tell those that wait for the task, if it has ended without success, that it did.

        Raises nothing: Celery still has to do what comes after an end.
        """
        try:
            end_dependents(self._waiting_for(task_id, request), self._backend.keys, self._outbox.write)
        except Exception:
            logger.exception(
                "Task %s has ended, but the tasks that wait for it cannot be ended.",
                task_id,
                extra=about(task_id=task_id),
            )

    def _waiting_for(self, task_id: str, request: Any) -> Sequence[str]:
        """Who waits in vain: as the script answered to the task's end, else as the head has it."""
        noted: Sequence[str] | None = getattr(request, _NOTED, None)
        if noted is not None:
            setattr(request, _NOTED, ())
            return noted
        if kept_ends.holds(task_id) or (request is not None and not _may_be_followed(request)):
            return ()  # of an end that is kept they are told with it
        backend = self._backend
        names = (backend.keys(task_id).head, "final", "state", "next")
        final, state, following = backend.ensure(backend.client.hmget, names)
        unmet = final in (b"1", "1") and state not in (b"SUCCESS", "SUCCESS")
        return read_ids(following) if unmet and following else ()


def _may_be_followed(request: Any) -> bool:
    """Whether other tasks wait for the request's; a request that does not say so is not believed."""
    if getattr(request, "is_eager", False):
        return False
    return bool(getattr(request, "chain", True) or getattr(request, "chord", True))
