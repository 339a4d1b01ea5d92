"""What the feeds of a cluster are still to be told by this process, which tries again until they are."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, NamedTuple

from redis.exceptions import ClusterDownError, NoPermissionError, ResponseError

from taskbeam.background.log_fields import about
from taskbeam.background.logger import logger_for
from taskbeam.background.milestones import is_milestone
from taskbeam.celery.flusher import Flusher
from taskbeam.cluster.feed_teller import NotToldError
from taskbeam.journal.away import refuses_for_good
from taskbeam.journal.failed_steps import failed_steps

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from taskbeam.journal.keys import TaskKeys

logger = logger_for(__name__)

#: Seconds from one try to the next.
PAUSE = 0.5

#: Seconds between two looks of a process that waits for them before it ends.
LOOK = 0.05

#: Feeds and tasks that are kept; what is more waits for the next event of its task.
MOST = 10_000


class Lack(NamedTuple):
    """A feed that lacks something of a task; ``again`` tells it, or raises `NotToldError`."""

    again: Callable[[TaskKeys, str], None]
    keys: TaskKeys
    feed: str


class _Lane:
    """What one server keeps from being told. It has a thread of its own, so it holds up no other one."""

    def __init__(self, server: Hashable, work: Callable[[_Lane], None]) -> None:
        self.server = server
        self.lacks: dict[Lack, None] = {}
        self.tries: Flusher[_Lane] = Flusher(work, "taskbeam-feeds")

    def try_later(self) -> None:
        self.tries.later(self, PAUSE)


class UntoldFeeds:
    """Of all writers of a process. Feed and task are kept: the task's journal says what is lacking."""

    def __init__(self) -> None:
        self._lanes: dict[Hashable, _Lane] = {}
        self.dropped = 0
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._lanes.clear)  # the parent tells them

    def __len__(self) -> int:
        return sum(len(lane.lacks) for lane in list(self._lanes.values()))

    def waits_for(self, server: Hashable) -> bool:
        """Whether it keeps anything for a server."""
        lane = self._lanes.get(server)
        return lane is not None and bool(lane.lacks)

    def keep(
        self, again: Callable[[TaskKeys, str], None], keys: TaskKeys, feed: str, server: Hashable
    ) -> None:
        """The feed, which is at the server, lacks something of the task."""
        self._put(Lack(again, keys, feed), server)

    def failed(
        self, again: Callable[[TaskKeys, str], None], keys: TaskKeys, feed: str, error: NotToldError
    ) -> None:
        """The same, and why; what the server refuses until somebody sets it right is not kept."""
        lack = Lack(again, keys, feed)
        if _refuses(error.why):
            _note_refusal(lack, error.why)
            return
        if not self.waits_for(error.server):
            logger.warning(
                "Task %s: its feed %s cannot be told now, and is told when %s takes it: %s",
                keys.task_id,
                feed,
                error.server or "the cluster",
                error,
                extra=about(task_id=keys.task_id),
            )
        self._put(lack, error.server)

    def drain(self, seconds: float, stop: Callable[[], bool] = lambda: False) -> None:
        """The process is about to end: wait until all are told, for so many seconds, or until ``stop``."""
        deadline = time.monotonic() + seconds
        while len(self) and time.monotonic() < deadline and not stop():
            time.sleep(LOOK)
        if left := len(self):
            logger.warning(
                "The worker stops, and %d feeds are not told yet. Each is told with the next event of its "
                "task, or when somebody lists it",
                left,
            )

    def _put(self, lack: Lack, server: Hashable) -> None:
        if len(self) >= MOST:
            self.dropped += 1
            if is_milestone(self.dropped):
                logger.warning(
                    "Task %s: its feed %s is not told, for %d others wait for servers that are away. It is "
                    "told with the next event of the task, or when somebody lists it. Number of times: %d",
                    lack.keys.task_id,
                    lack.feed,
                    MOST,
                    self.dropped,
                    extra=about(task_id=lack.keys.task_id),
                )
            return
        lane = self._lanes.get(server)
        if lane is None:
            lane = self._lanes.setdefault(server, _Lane(server, self._work))
        lane.lacks[lack] = None
        lane.try_later()

    def _work(self, lane: _Lane) -> None:
        """On the lane's thread: tell what it has, until its server is found to be away still."""
        refused: set[str] = set()
        for lack in list(lane.lacks):
            if lack.feed in refused:
                continue
            try:
                lack.again(lack.keys, lack.feed)
            except NotToldError as error:
                if _refuses(error.why):
                    _note_refusal(lack, error.why)
                elif error.server != lane.server:
                    self._put(lack, error.server)
                elif isinstance(error.why, ResponseError) and not isinstance(error.why, ClusterDownError):
                    refused.add(lack.feed)  # its slot alone may be moving
                    continue
                else:
                    break
            del lane.lacks[lack]
        if lane.lacks:
            lane.try_later()


def _refuses(error: Exception) -> bool:
    """Whether there is no use in trying again: a key has another type, a permission is missing."""
    return refuses_for_good(error) or isinstance(error, NoPermissionError)


def _note_refusal(lack: Lack, error: Exception) -> None:
    failed_steps.note(lack.keys.task_id, [f"tell the feed: {error} ({lack.feed})"])


#: Of this process.
untold_feeds = UntoldFeeds()
