"""End a task that no worker has begun, so that none begins it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from taskbeam.celery.external_entries import revoked_entry
from taskbeam.journal.dependents import end_dependents_async
from taskbeam.journal.entry import Verdict
from taskbeam.journal.failures import REVOKED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from taskbeam.celery.journal_backend import JournalBackend
    from taskbeam.journal.appender import JournalAppender
    from taskbeam.journal.entry import Appended
    from taskbeam.journal.failures import Failure


#: An entry that is repeated was appended, though the first answer was lost.
_ENDED = (Verdict.APPENDED, Verdict.REPEATED)


class Revoker:
    """Revokes in journals, where each run begins; whoever follows the task is told its end."""

    def __init__(self, backend: JournalBackend, appender: JournalAppender) -> None:
        """``backend``: that of the thread in which this is used."""
        self.backend = backend
        self._appender = appender

    async def revoke(self, task_id: str, failure: Failure = REVOKED) -> bool:
        """End the task with ``failure``, and those that wait for it, unless a run has begun or it has ended.

        Returns whether it was ended by this. Raises redis-py's errors.
        """
        return bool(await self.revoke_all([task_id], failure))

    async def revoke_all(self, task_ids: Sequence[str], failure: Failure) -> set[str]:
        """The same of many; returns those that were ended by this.

        Where some cannot be ended, the others are, and who waits for them, before the first error is raised.
        """
        ids = list(dict.fromkeys(task_ids))  # of two messages of one task the second would be refused
        answers = await self._appender.append_each(
            [revoked_entry(self.backend, task_id, failure) for task_id in ids]
        )
        ended: dict[str, Appended] = {
            task_id: answer
            for task_id, answer in zip(ids, answers, strict=True)
            if not isinstance(answer, Exception) and answer.verdict in _ENDED
        }
        await self.end_dependents([each for answer in ended.values() for each in answer.dependents])
        for answer in answers:
            if isinstance(answer, Exception):
                raise answer
        return set(ended)

    async def end_dependents(self, waiting: Sequence[str]) -> None:
        """End tasks whose turn never comes, and those that wait for them. Raises redis-py's errors."""
        await end_dependents_async(waiting, self.backend.keys, self._appender)
