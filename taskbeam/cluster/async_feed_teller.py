"""Tell the feeds of tasks on a cluster from asyncio: each at the master of its own slot."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from taskbeam.background.log_fields import about
from taskbeam.background.logger import logger_for
from taskbeam.background.milestones import is_milestone
from taskbeam.background.tasks import BackgroundTasks
from taskbeam.journal.away import REDIS_AWAY
from taskbeam.journal.feeds.telling import TaskLack, refuses_to_be_told, tell
from taskbeam.journal.run_script import run_script

if TYPE_CHECKING:
    from collections.abc import Sequence

    from taskbeam.journal.exchange import Exchange
    from taskbeam.journal.feeds.owed import Owed
    from taskbeam.journal.feeds.telling import Calls
    from taskbeam.journal.keys import TaskKeys

logger = logger_for(__name__)

#: Seconds from one try to the next.
PAUSE = 0.5

#: Feeds and tasks that are kept; what is more waits for whoever lists the feed.
MOST = 10_000


class AsyncFeedTeller:
    """What cannot be told is told when its server is back: an end has no next event that would repair it.

    Belongs to one event loop. Of a task its journal says what is lacking, so there is little to keep.
    """

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        # With a stamp each: whoever keeps one again, while it is told, gives it another.
        self._lacks: dict[TaskLack, object] = {}
        self._lacking = asyncio.Event()
        self._dropped = 0
        self._background = BackgroundTasks()

    async def tell(self, keys: TaskKeys, owed: Owed) -> None:
        """Tell each feed what it is owed of a task, all at once. Whatever one has, its task goes on."""
        await asyncio.gather(
            *(self._tell_or_keep(tell(keys, feed, owed), TaskLack(keys, feed)) for feed in owed.feeds)
        )

    async def aclose(self) -> None:
        """Try no more."""
        await self._background.stop()
        if self._lacks:
            logger.warning(
                "Stopping before %d feeds are up to date. Each is repaired when somebody lists it",
                len(self._lacks),
            )

    async def _tell_or_keep(self, calls: Calls, lack: TaskLack) -> None:
        error = await self._try(calls, lack)
        if error is not None:
            logger.warning(
                "Cannot update %s. Trying again until its server answers: %s",
                lack,
                error,
                extra=about(task_id=lack.task_id),
            )
            self._keep(lack)

    async def _try(self, calls: Calls, lack: TaskLack) -> Exception | None:
        """Why the feed is still to be told; None: it is told, or never will be."""
        try:
            await carry_out(self._exchange, calls)
        except REDIS_AWAY as error:
            if not refuses_to_be_told(error):
                return error
            logger.warning("Cannot update %s: %s", lack, error, extra=about(task_id=lack.task_id))
        return None

    def _keep(self, lack: TaskLack) -> None:
        if len(self._lacks) >= MOST and lack not in self._lacks:
            self._dropped += 1
            if is_milestone(self._dropped):
                logger.warning(
                    "Dropped an update of %s: %d others wait for servers that are away. Listing the feed "
                    "repairs it. Dropped so far: %d",
                    lack,
                    MOST,
                    self._dropped,
                    extra=about(task_id=lack.task_id),
                )
            return
        self._lacks.pop(lack, None)  # it comes behind the others: it may have failed for a reason of its own
        self._lacks[lack] = object()
        self._lacking.set()
        if not self._background.names:
            self._background.keep("feeds that are told late", self._tell_late)

    async def _tell_late(self) -> None:
        while await self._lacking.wait():
            await asyncio.sleep(PAUSE)
            feeds: dict[str, list[TaskLack]] = {}
            for lack in self._lacks:
                feeds.setdefault(lack.key, []).append(lack)
            # A feed that is away is asked for once, and holds up no other one.
            await asyncio.gather(*(self._tell_in_turn(lacks) for lacks in feeds.values()))
            if not self._lacks:
                self._lacking.clear()

    async def _tell_in_turn(self, lacks: Sequence[TaskLack]) -> None:
        """Tell a feed what it lacks, until that fails."""
        for lack in lacks:
            stamp = self._lacks[lack]
            if await self._try(lack.calls(), lack) is not None:
                self._keep(lack)
                return
            if self._lacks[lack] is stamp:
                del self._lacks[lack]


async def carry_out(exchange: Exchange, calls: Calls, answer: Any = None) -> None:
    """Make the calls, one after the other; raises redis-py's errors. ``answer``: to one that was made."""
    while True:
        try:
            call = calls.send(answer)
        except StopIteration:
            return
        answer = await run_script(exchange, call.script, call.keys, *call.args)
