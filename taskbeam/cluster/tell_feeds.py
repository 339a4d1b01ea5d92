"""Tell the feeds of tasks on a cluster from asyncio: each at the master of its own slot."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from redis.exceptions import RedisError

from taskbeam.background.log_fields import about
from taskbeam.background.logger import logger_for
from taskbeam.journal.feeds.telling import tell
from taskbeam.journal.run_script import run_script

if TYPE_CHECKING:
    from taskbeam.journal.exchange import Exchange
    from taskbeam.journal.feeds.owed import Owed
    from taskbeam.journal.feeds.telling import Calls
    from taskbeam.journal.keys import TaskKeys

logger = logger_for(__name__)


async def tell_feeds(exchange: Exchange, keys: TaskKeys, owed: Owed) -> None:
    """Tell each feed what it is owed of a task, all at once. Of one that cannot be told the log says so.

    It is told later: by whoever writes of the task next, or lists the feed.
    """
    await asyncio.gather(*(_tell(exchange, keys, feed, owed) for feed in owed.feeds))


async def _tell(exchange: Exchange, keys: TaskKeys, feed: str, owed: Owed) -> None:
    try:
        await carry_out(exchange, tell(keys, feed, owed))
    except RedisError as error:  # whatever a feed has, it costs its task nothing
        logger.warning(
            "Cannot update feed %s of task %s: %s. The task's next event, or listing the feed, repairs it",
            feed,
            keys.task_id,
            error,
            extra=about(task_id=keys.task_id),
        )


async def carry_out(exchange: Exchange, calls: Calls, answer: Any = None) -> None:
    """Make the calls, one after the other; raises redis-py's errors. ``answer``: to one that was made."""
    while True:
        try:
            call = calls.send(answer)
        except StopIteration:
            return
        answer = await run_script(exchange, call.script, call.keys, *call.args)
