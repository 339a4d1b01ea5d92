"""What the feeds of a cluster are still to be told by this process, which tries again until they are."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, TypeAlias

from taskbeam.background.log_fields import about
from taskbeam.background.logger import logger_for
from taskbeam.celery.flusher import Flusher
from taskbeam.journal.away import refuses_for_good

if TYPE_CHECKING:
    from collections.abc import Callable

    from taskbeam.journal.keys import TaskKeys

    #: Tells a feed what it lacks of a task.
    Again: TypeAlias = Callable[[TaskKeys, str], None]
    Lack: TypeAlias = tuple["UntoldFeeds", Again, TaskKeys, str]

logger = logger_for(__name__)

#: Seconds from one try to the next.
PAUSE = 0.5

#: Seconds between two looks of a process that waits for them before it ends.
LOOK = 0.05

#: Feeds and tasks that are kept; what is more waits for the next event of its task.
MOST = 10_000


class UntoldFeeds:
    """Of all writers of a process. Feed and task are kept: the task's journal says what is lacking."""

    def __init__(self) -> None:
        self._lacks: dict[Lack, None] = {}
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._lacks.clear)  # the parent tells them

    @property
    def waits(self) -> bool:
        """Whether it keeps anything."""
        return bool(self._lacks)

    def keep(self, again: Again, keys: TaskKeys, feed: str) -> None:
        """The feed lacks something of the task."""
        if len(self._lacks) < MOST:
            lack = (self, again, keys, feed)
            self._lacks[lack] = None
            _tries.later(lack, PAUSE)

    def failed(self, again: Again, keys: TaskKeys, feed: str, error: Exception) -> None:
        """The same, and why; what will never be taken is not kept."""
        for_good = refuses_for_good(error)
        if for_good or not self._lacks:
            logger.warning(
                "Task %s: its feed %s cannot be told%s: %s",
                keys.task_id,
                feed,
                "" if for_good else " now, and is told later",
                error,
                extra=about(task_id=keys.task_id),
            )
        if not for_good:
            self.keep(again, keys, feed)

    def try_again(self, lack: Lack) -> None:
        """On the thread of the flusher."""
        _, again, keys, feed = lack
        try:
            again(keys, feed)
        except Exception as error:  # a credential provider may raise anything
            if not refuses_for_good(error):
                _tries.later(lack, PAUSE)
                return
        self._lacks.pop(lack, None)

    def drain(self, seconds: float, stop: Callable[[], bool] = lambda: False) -> None:
        """The process is about to end: wait until all are told, for so many seconds, or until ``stop``."""
        deadline = time.monotonic() + seconds
        while self._lacks and time.monotonic() < deadline and not stop():
            time.sleep(LOOK)
        if self._lacks:
            logger.warning(
                "The worker stops, and %d feeds are not told yet. Each is told with the next event of its "
                "task, or when somebody lists it",
                len(self._lacks),
            )


def _try_again(lack: Lack) -> None:
    lack[0].try_again(lack)


_tries: Flusher[Lack] = Flusher(_try_again, "taskbeam-feeds")

#: Of this process.
untold_feeds = UntoldFeeds()
