"""A feed for those who ask: its tasks, and its events after a cursor, or as soon as there is one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from taskbeam.follow.feed_channel import FeedChannel
from taskbeam.gateway.delivery.polling import events_body, wanted_of
from taskbeam.journal.encode import to_json
from taskbeam.journal.feeds.names import FeedKind, FeedName, feed_keys

if TYPE_CHECKING:
    from collections.abc import Sequence

    from taskbeam.gateway.delivery.part import Part
    from taskbeam.gateway.delivery.polling import Polling, PollWait
    from taskbeam.journal.feeds.history import FeedHistory
    from taskbeam.journal.feeds.reader import FeedReader


class FeedPolling:
    """Reads feeds. ``key_prefix`` stands before a task's id in the key of its result.

    ``has_feeds``: whether there are any; `sharded` behind a proxy has no feeds.
    """

    def __init__(self, reader: FeedReader, polling: Polling, key_prefix: str, *, has_feeds: bool) -> None:
        self._reader = reader
        self._polling = polling
        self._prefix = key_prefix
        self._has_feeds = has_feeds

    async def tasks(self, feed: FeedName, states: Sequence[str], before: int | None, limit: int) -> bytes:
        """A page of its tasks as JSON ``{feed, tasks, rollup, last_event_id, next, unread}``; bodies are not
        parsed.

        Raises redis-py's errors.
        """
        page = await self._reader.list(feed_keys(str(feed), self._prefix), states, before, limit)
        following = b"null" if page.following is None else b"%d" % page.following
        return b'{"feed":%b,"tasks":[%b],"rollup":%b,"last_event_id":"%d-%d","next":%b,"unread":%d}' % (
            to_json(str(feed)).encode(),
            b",".join(task.body for task in page.tasks),
            page.rollup,
            *page.last,
            following,
            page.unread,
        )

    async def tree_of(self, task_id: str) -> str | None:
        """As `FeedReader.tree_of`; where there are no feeds, what it would be called."""
        if not self._has_feeds:
            return str(FeedName(FeedKind.TREE, task_id))
        return await self._reader.tree_of(task_id)

    async def events(
        self, feed: FeedName, part: Part, limit: int, poll_wait: PollWait | None = None
    ) -> bytes:
        """As `Polling.events`, of a feed's numbered events. Raises redis-py's errors."""
        keys = feed_keys(str(feed), self._prefix)
        history = await self._reader.read(keys, part.start, limit)
        if poll_wait is not None and self._brings_no_events(history, part):
            at = history.records[-1].id if history.records else history.last
            await self._polling.wait_for_news(str(feed), part._replace(start=at), poll_wait, FeedChannel)
            history = await self._reader.read(keys, part.start, limit)
        return events_body(history, part, b'"feed":%b' % to_json(str(feed)).encode(), self._polling.counts)

    @staticmethod
    def _brings_no_events(history: FeedHistory, part: Part) -> bool:
        found = history.replay(part.start)
        return found is None or (found.gap is None and not wanted_of(found.records, part.filter))
