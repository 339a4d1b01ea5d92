"""May this identity do that to this task? The policy is asked, with the task's labels where it needs them.

A task that somebody may not read is not there for them: the answer is ``unknown_task``, the same as for
an id that nobody sent. It is decided before anything of the task is looked up where the token names
ids, and after the same look-up for both where it names an owner or a group.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from taskbeam.background.log_fields import about
from taskbeam.gateway.auth.identity import Action, Identity
from taskbeam.gateway.auth.operators import RESERVED
from taskbeam.gateway.auth.policy import Task, anyone, by_token
from taskbeam.gateway.problems import FORBIDDEN, INTERNAL, UNAVAILABLE, UNKNOWN_TASK, Problem
from taskbeam.journal.away import REDIS_AWAY
from taskbeam.journal.labels import Labels

if TYPE_CHECKING:
    from collections.abc import Callable

    from taskbeam.gateway.auth.policy import Authorize
    from taskbeam.journal.keys import JournalNames
    from taskbeam.journal.reader import JournalReader

logger = logging.getLogger(__name__)

_NONE = Labels()


class Access:
    """The policy, and where a task's labels are read."""

    def __init__(self, journal: JournalReader, names: JournalNames, authorize: Authorize) -> None:
        self._journal = journal
        self._names = names
        self._authorize = authorize
        self._asked: set[asyncio.Task[None]] = set()

    async def refusal(self, identity: Identity, action: Action, task_id: str) -> Problem | None:
        """None if it may; ``unknown_task``, or ``forbidden`` where it may read; raises redis-py's errors.

        ``internal_error`` where the application's own policy fails.
        """
        if self._needs_labels(identity, task_id):
            labels = await self._journal.labels(self._names.task(task_id))
            return self._judge(identity, action, Task(task_id, labels or _NONE))
        return self._judge(identity, action, Task(task_id, _NONE))

    def ask(self, identity: Identity, task_id: str, then: Callable[[Problem | None], None]) -> None:
        """The same about reading, for those who cannot wait: ``then`` is called, often at once."""
        if not self._needs_labels(identity, task_id):
            then(self._judge(identity, Action.READ, Task(task_id, _NONE)))
            return
        asked = asyncio.get_running_loop().create_task(self._ask(identity, task_id, then))
        self._asked.add(asked)
        asked.add_done_callback(self._asked.discard)

    async def close(self) -> None:
        """End the look-ups under way."""
        for asked in self._asked:
            asked.cancel()
        await asyncio.gather(*self._asked, return_exceptions=True)

    async def _ask(self, identity: Identity, task_id: str, then: Callable[[Problem | None], None]) -> None:
        try:
            refusal = await self.refusal(identity, Action.READ, task_id)
        except REDIS_AWAY:
            refusal = UNAVAILABLE
        except Exception:
            logger.exception(
                "Cannot find out whether task %s may be read; its client is told so.",
                task_id,
                extra=about(task_id=task_id),
            )
            refusal = INTERNAL
        then(refusal)

    def _needs_labels(self, identity: Identity, task_id: str) -> bool:
        if self._authorize is anyone or task_id in RESERVED:
            return False
        if self._authorize is not by_token:
            return True
        return task_id not in identity.tasks and (identity.owner is not None or bool(identity.groups))

    def _judge(self, identity: Identity, action: Action, task: Task) -> Problem | None:
        try:
            if self._may(identity, action, task):
                return None
            readable = action is not Action.READ and self._may(identity, Action.READ, task)
        except Exception:
            logger.exception(
                "authorize(…, %r, …) failed for task %s; it is refused.",
                action.value,
                task.id,
                extra=about(task_id=task.id),
            )
            return INTERNAL
        return FORBIDDEN if readable else UNKNOWN_TASK

    def _may(self, identity: Identity, action: Action, task: Task) -> bool:
        if task.id in RESERVED and self._authorize is not anyone:
            # An application's policy need not know of these: they are nobody's, and show everybody's tasks.
            return by_token(identity, action, task)
        answer: object = self._authorize(identity, action, task)
        if not isinstance(answer, bool):  # a coroutine, for instance, would be taken for a yes
            raise TypeError(f"authorize returned {type(answer).__name__!r}, and not a bool")
        return answer
