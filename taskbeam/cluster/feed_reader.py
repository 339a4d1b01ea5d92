"""List the tasks of a feed on a cluster, each of which may be at another server than the feed."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, cast

from taskbeam.background.logger import logger_for
from taskbeam.cluster.async_feed_teller import carry_out
from taskbeam.journal.away import REDIS_AWAY
from taskbeam.journal.events import EventId, Record
from taskbeam.journal.feeds.names import FEED, ClusterFeedKeys, FeedKind
from taskbeam.journal.feeds.reader import FeedPage, FeedReader
from taskbeam.journal.feeds.telling import catch_up, plant
from taskbeam.journal.run_script import run_script
from taskbeam.journal.scripts import FORGET_ROWS, PICTURE, ROWS

if TYPE_CHECKING:
    from collections.abc import Awaitable, Iterable, Sequence

    from taskbeam.journal.exchange import Exchange
    from taskbeam.journal.keys import JournalNames, TaskKeys
    from taskbeam.journal.reader import JournalReader

logger = logger_for(__name__)


class ClusterFeedReader(FeedReader):
    """As on one server, but for the moment: tasks are read after the feed, so they are as new or newer.

    Where a task has gone on and its writer died before it told the feed, whoever lists the feed tells it. A
    master that is away costs the tasks that it has, and no page.
    """

    def __init__(
        self, journal: JournalReader, connection: Exchange, names: JournalNames, max_bytes: int
    ) -> None:
        super().__init__(journal, connection, names.prefix, max_bytes)
        self._names = names

    async def list(self, keys: TaskKeys, states: Sequence[str], before: int | None, limit: int) -> FeedPage:
        name = keys.result.removeprefix(FEED + self._prefix)
        start = "" if before is None else str(before)
        reply = await run_script(self._connection, ROWS, _keys(keys), name, start, limit, *states)
        epoch, seq, rollup, following, *found = reply
        ids, rows, numbers = found[::3], found[1::3], found[2::3]
        tasks = [self._names.task(task_id.decode()) for task_id in ids]
        pictures = await asyncio.gather(
            *(_picture(self._connection, task) for task in tasks), return_exceptions=True
        )
        events: list[Record] = []
        unread: list[BaseException] = []
        gone: list[bytes] = []
        behind: list[TaskKeys] = []
        room = self._max_bytes
        for place, picture in enumerate(pictures):
            if picture is None:
                gone += [ids[place], rows[place]]
                continue
            if isinstance(picture, BaseException):
                unread.append(picture)
                continue
            event, turned, holds = picture
            room -= len(event)
            if room < 0 and events:
                following = numbers[place - 1]
                break
            if event:
                events.append(Record.parse(event))
            if _is_behind(rows[place], turned, holds):
                behind.append(tasks[place])
        if unread:
            logger.warning(
                "Cannot read %d tasks of the feed %s, which its list lacks: %s", len(unread), name, unread[0]
            )
        if gone or behind:
            rollup = await self._put_right(keys, name, gone, behind) or rollup
        last, before = EventId(int(epoch), seq), int(following) if following else None
        return FeedPage(last, rollup, events, before, len(unread))

    async def tree_of(self, task_id: str) -> str | None:
        keys = self._names.task(task_id)
        calls = plant(keys, alone=True)
        call = next(calls)
        found = await run_script(self._connection, call.script, call.keys, *call.args)
        if found is None:
            return None
        tree: str = found[0].decode(errors="replace")
        if not tree:
            await carry_out(self._connection, calls, found)
        return f"{FeedKind.TREE}:{tree or task_id}"

    async def _put_right(
        self, keys: TaskKeys, name: str, gone: Iterable[bytes], behind: Iterable[TaskKeys]
    ) -> bytes | None:
        """Drop what is gone, and tell what is untold; returns how the tasks stand then, where it can be read.

        The cursor stays: whoever follows from there is told all that was told now.
        """
        todo: list[Awaitable[object]] = [carry_out(self._connection, catch_up(task, name)) for task in behind]
        if gone:
            todo.append(run_script(self._connection, FORGET_ROWS, _keys(keys), name, *gone))
        for error in await asyncio.gather(*todo, return_exceptions=True):
            if isinstance(error, BaseException):
                logger.warning("Cannot put the feed %s right: %s", name, error)
        try:
            _, _, rollup, *_ = await run_script(self._connection, ROWS, _keys(keys), name, "", 0)
        except REDIS_AWAY:
            return None
        return cast("bytes", rollup)


async def _picture(connection: Exchange, task: TaskKeys) -> tuple[bytes, bytes, bytes] | None:
    """The newest event with the task's state, the id of its newest transition, and whether its errbacks are
    still to be sent; None: it is gone."""
    found = await run_script(connection, PICTURE, (task.head, task.log))
    return None if found is None else (found[0], found[1], found[2])


def _keys(feed: TaskKeys) -> tuple[str, ...]:
    return ClusterFeedKeys(feed.result).all


def _id(row: bytes) -> EventId:
    """The event that stands first in it."""
    return EventId.parse(row.partition(b" ")[0].decode())


def _is_behind(row: bytes, turned: bytes, holds: bytes) -> bool:
    """Whether a task has gone on since its feed's row, or its tree waits for errbacks that are sent."""
    waits = row.split(b" ", 2)[1].endswith(b"!")
    return bool(turned) and (_id(turned) > _id(row) or (waits and not holds))
