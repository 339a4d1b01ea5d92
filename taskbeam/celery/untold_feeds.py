"""What the feeds of a cluster are still to be told by this process, which tries again until they are."""

from __future__ import annotations

import os
import threading
import time
from typing import TYPE_CHECKING, NamedTuple

from redis.exceptions import ClusterDownError, ResponseError

from taskbeam.background.forks import free_in_children
from taskbeam.background.log_fields import about
from taskbeam.background.logger import logger_for
from taskbeam.background.milestones import is_milestone
from taskbeam.celery.flusher import Flusher
from taskbeam.cluster.feed_teller import NotToldError
from taskbeam.journal.failed_steps import failed_steps
from taskbeam.journal.feeds.telling import refuses_to_be_told

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from taskbeam.journal.feeds.telling import Lack

logger = logger_for(__name__)

#: Seconds from one try to the next.
PAUSE = 0.5

#: Seconds between two looks of a process that waits for them before it ends.
LOOK = 0.05

#: Feeds and tasks that are kept; what is more waits for the next event of its task.
MOST = 10_000


class Kept(NamedTuple):
    """What a feed lacks; ``again`` tells it, or raises `NotToldError`."""

    again: Callable[[Lack], None]
    lack: Lack


class _Lane:
    """What one server keeps from being told. It has a thread of its own, so it holds up no other one."""

    def __init__(self, server: Hashable, work: Callable[[_Lane], None]) -> None:
        self.server = server
        # With a stamp each: whoever keeps one again gives it another.
        self.lacks: dict[Kept, object] = {}
        # A signal handler may interrupt one that holds it.
        self._changes = free_in_children(threading.RLock())
        self.tries: Flusher[_Lane] = Flusher(work, "taskbeam-feeds")

    def keep(self, kept: Kept) -> None:
        """Tell it later."""
        with self._changes:
            self.lacks[kept] = object()
        self.try_later()

    def drop(self, kept: Kept, stamp: object) -> None:
        """It was told, unless it was kept again since it had the stamp."""
        with self._changes:
            if self.lacks[kept] is stamp:
                del self.lacks[kept]

    def try_later(self) -> None:
        self.tries.later(self, PAUSE)


class UntoldFeeds:
    """Of all writers of a process. Of a task its journal says what is lacking, so there is little to keep."""

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

    def keep(self, again: Callable[[Lack], None], lack: Lack, server: Hashable) -> None:
        """A feed at the server lacks something."""
        self._put(Kept(again, lack), server)

    def failed(self, again: Callable[[Lack], None], lack: Lack, error: NotToldError) -> None:
        """The same, and why; what the server refuses until somebody sets it right is not kept."""
        if refuses_to_be_told(error.why):
            _note_refusal(lack, error.why)
            return
        if not self.waits_for(error.server):
            logger.warning(
                "Cannot update %s. Trying again until %s answers: %s",
                lack,
                error.server or "the cluster",
                error,
                extra=about(task_id=lack.task_id),
            )
        self._put(Kept(again, lack), error.server)

    def drain(self, seconds: float, stop: Callable[[], bool] = lambda: False) -> None:
        """The process is about to end: wait until all are told, for so many seconds, or until ``stop``."""
        deadline = time.monotonic() + seconds
        while len(self) and time.monotonic() < deadline and not stop():
            time.sleep(LOOK)
        if left := len(self):
            logger.warning(
                "The worker stops before %d feeds are up to date. Each is repaired by its task's next event, "
                "or when somebody lists it",
                left,
            )

    def _put(self, kept: Kept, server: Hashable) -> None:
        lane = self._lanes.get(server)
        kept_already = lane is not None and kept in lane.lacks
        if len(self) >= MOST and not kept_already:
            self.dropped += 1
            if is_milestone(self.dropped):
                logger.warning(
                    "Dropped an update of %s: %d others wait for servers that are away. The task's next "
                    "event, or listing the feed, repairs it. Dropped so far: %d",
                    kept.lack,
                    MOST,
                    self.dropped,
                    extra=about(task_id=kept.lack.task_id),
                )
            return
        self._lane(server).keep(kept)

    def _lane(self, server: Hashable) -> _Lane:
        lane = self._lanes.get(server)
        return lane or self._lanes.setdefault(server, _Lane(server, self._work))

    def _work(self, lane: _Lane) -> None:
        """On the lane's thread: tell what it has, until its server is found to be away still."""
        refused: set[str] = set()
        for kept in list(lane.lacks):
            if kept.lack.feed in refused:
                continue
            stamp = lane.lacks[kept]
            try:
                kept.again(kept.lack)
            except NotToldError as error:
                if refuses_to_be_told(error.why):
                    _note_refusal(kept.lack, error.why)
                elif error.server != lane.server:
                    self._lane(error.server).keep(kept)  # it is one of those that are kept already
                elif isinstance(error.why, ResponseError) and not isinstance(error.why, ClusterDownError):
                    refused.add(kept.lack.feed)  # its slot alone may be moving
                    continue
                else:
                    break
            lane.drop(kept, stamp)
        if lane.lacks:
            lane.try_later()


def _note_refusal(lack: Lack, error: Exception) -> None:
    failed_steps.note(lack.task_id, [f"tell the feed: {error} ({lack.feed})"])


#: Of this process.
untold_feeds = UntoldFeeds()
