"""The ends of tasks that wait for one which has ended without success: nobody will ever send them."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from taskbeam.journal.entry import Entry, Verdict, new_token
from taskbeam.journal.events import FAILURE
from taskbeam.journal.failures import DEPENDENCY_FAILED, error_member

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from taskbeam.journal.appender import JournalAppender
    from taskbeam.journal.entry import Appended
    from taskbeam.journal.keys import TaskKeys

logger = logging.getLogger(__name__)


def end_dependents(
    dependents: Iterable[str], keys: Callable[[str], TaskKeys], write: Callable[[Entry], Appended | None]
) -> None:
    """Tell them, and those that wait for them. What Celery has told already is left as it is."""
    told: set[str] = set()
    ids = list(dependents)
    while ids:
        told.update(ids)
        entries = [_dependent_entry(task_id, keys(task_id)) for task_id in ids]
        ids = _newly(entries, [write(entry) for entry in entries], told)


async def end_dependents_async(
    dependents: Iterable[str], keys: Callable[[str], TaskKeys], appender: JournalAppender
) -> None:
    """The same from asyncio; raises redis-py's errors."""
    told: set[str] = set()
    ids = list(dependents)
    while ids:
        told.update(ids)
        entries = [_dependent_entry(task_id, keys(task_id)) for task_id in ids]
        ids = _newly(entries, await appender.append_all(entries), told)


def _newly(entries: Sequence[Entry], answers: Sequence[Appended | None], told: set[str]) -> list[str]:
    """Those that wait in turn, each once; and the operator is told, too."""
    found: dict[str, None] = {}
    for entry, answer in zip(entries, answers, strict=True):
        if answer is None:
            continue
        if answer.verdict is Verdict.APPENDED:
            logger.warning(
                "Task %s: reported FAILURE because a task that it depends on did not succeed, ref %s",
                entry.task_id,
                entry.token,
            )
        found |= dict.fromkeys(answer.dependents)
    return [task_id for task_id in found if task_id not in told]


def _dependent_entry(task_id: str, keys: TaskKeys) -> Entry:
    ref = new_token()
    return Entry(
        keys=keys,
        task_id=task_id,
        token=ref,
        type="state",
        members=error_member(DEPENDENCY_FAILED, ref),
        state=FAILURE,
        final=True,
        only="waiting",
    )
