"""The ends of tasks that wait for one which has ended without success: nobody will ever send them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from taskbeam.background.log_fields import about
from taskbeam.background.logger import logger_for
from taskbeam.journal.entry import Entry, Verdict, new_token
from taskbeam.journal.events import FAILURE
from taskbeam.journal.failures import DEPENDENCY_FAILED, error_member

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from taskbeam.journal.appender import JournalAppender
    from taskbeam.journal.entry import Appended
    from taskbeam.journal.keys import TaskKeys

logger = logger_for(__name__)


def end_dependents(
    dependents: Iterable[str], keys: Callable[[str], TaskKeys], write: Callable[[Entry], Appended | None]
) -> None:
    """Tell them, and those that wait for them. What Celery has told already is left as it is."""
    walk = _Walk(dependents, keys)
    while entries := walk.entries():
        walk.told(entries, [write(entry) for entry in entries])


async def end_dependents_async(
    dependents: Iterable[str], keys: Callable[[str], TaskKeys], appender: JournalAppender
) -> None:
    """The same from asyncio. Raises the first of redis-py's errors, when all are told that can be."""
    walk, first_error = _Walk(dependents, keys), None
    while entries := walk.entries():
        answers = await appender.append_each(entries)
        first_error = first_error or next((each for each in answers if isinstance(each, Exception)), None)
        walk.told(entries, [None if isinstance(each, Exception) else each for each in answers])
    if first_error is not None:
        raise first_error


class _Walk:
    """From those who wait to those who wait for them. Each is told once."""

    def __init__(self, dependents: Iterable[str], keys: Callable[[str], TaskKeys]) -> None:
        self._keys = keys
        self._refs: dict[str, str] = {}
        self._found = list(dependents)

    def entries(self) -> list[Entry]:
        """The ends that are to be told next; none when all are told."""
        ids = [task_id for task_id in dict.fromkeys(self._found) if task_id not in self._refs]
        self._refs |= {task_id: new_token() for task_id in ids}
        return [_dependent_entry(task_id, self._keys(task_id), self._refs[task_id]) for task_id in ids]

    def told(self, entries: Sequence[Entry], answers: Sequence[Appended | None]) -> None:
        """Who waits in turn is in the answers; and the operator is told, too."""
        self._found = [task_id for answer in answers if answer for task_id in answer.dependents]
        for entry, answer in zip(entries, answers, strict=True):
            if answer and answer.verdict is Verdict.APPENDED:
                logger.warning(
                    "Task %s: reported FAILURE because a task that it depends on did not succeed, ref %s",
                    entry.task_id,
                    self._refs[entry.task_id],
                    extra=about(task_id=entry.task_id, ref=self._refs[entry.task_id]),
                )


def _dependent_entry(task_id: str, keys: TaskKeys, ref: str) -> Entry:
    return Entry(
        keys=keys,
        task_id=task_id,
        type="state",
        members=error_member(DEPENDENCY_FAILED, ref),
        state=FAILURE,
        final=True,
        only="waiting",
    )
