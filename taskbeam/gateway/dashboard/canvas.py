"""The tasks that belong together, with their times: a canvas, and whatever its tasks send."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from taskbeam.gateway.dashboard.rows import Row, told
from taskbeam.journal.feeds.names import FeedKind, FeedName

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from taskbeam.gateway.dashboard.journals import JournalRows
    from taskbeam.gateway.feeds.polling import FeedPolling
    from taskbeam.journal.keys import JournalNames

#: Tasks that are told of, the newest: of each its first events and its last ones are read.
MOST = 100


class Canvas(NamedTuple):
    """``tasks`` in the order of their sending; ``total``: how many there are; ``feed``: their tree."""

    feed: str | None = None
    total: int = 0
    tasks: tuple[Row, ...] = ()


class Canvases:
    """Of one gateway. Its methods raise redis-py's errors."""

    def __init__(self, redis: Redis, names: JournalNames, feeds: FeedPolling, journals: JournalRows) -> None:
        """``redis``: a client that reads journals, as `JournalRows` does."""
        self._redis: Any = redis
        self._names = names
        self._feeds = feeds
        self._journals = journals

    async def of(self, task_id: str) -> Canvas:
        """What the task belongs to; empty where it is alone: looking at it plants no tree."""
        pipeline = self._redis.pipeline(transaction=False)
        pipeline.hget(self._names.task(task_id).head, "tree")
        (root,) = await pipeline.execute(raise_on_error=True)
        if root is None:
            return Canvas()
        feed = FeedName(FeedKind.TREE, root.decode())
        page = json.loads(await self._feeds.tasks(feed, (), None, MOST))
        # The oldest first: of those that were sent in one moment the feed knows the order.
        ids = [event["task_id"] for event in reversed(page["tasks"])]
        rows = await self._journals.read(ids)
        tasks = sorted((told(rows[each]) for each in ids if each in rows), key=lambda row: row["sent"])
        return Canvas(str(feed), page["rollup"]["total"], tuple(tasks))
