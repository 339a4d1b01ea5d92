"""Read feeds: what comes after a cursor, and the tasks that a feed has."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from taskbeam.journal.events import EventId, Record
from taskbeam.journal.feeds.history import START, FeedHistory
from taskbeam.journal.feeds.names import FEED
from taskbeam.journal.keys import task_keys
from taskbeam.journal.pipelined_connection import settle
from taskbeam.journal.run_script import run_script
from taskbeam.journal.scripts import LIST_FEED, TREE_OF

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from taskbeam.journal.events import Start
    from taskbeam.journal.exchange import Exchange
    from taskbeam.journal.history import Absence, History
    from taskbeam.journal.keys import TaskKeys
    from taskbeam.journal.reader import JournalReader
    from taskbeam.journal.resp_connection import Part


@dataclass(frozen=True, slots=True)
class FeedPage:
    """Tasks of a feed, the newest first.

    ``last`` is the cursor to follow the feed from. ``rollup`` is JSON. ``tasks`` are the newest event of each
    with its state. ``following`` is the number before which the list goes on; None at its end. ``unread``:
    how many more the page would have, if their servers had answered.
    """

    last: EventId
    rollup: bytes
    tasks: list[Record]
    following: int | None
    unread: int = 0


def ask_feed(
    journal: JournalReader,
    keys: TaskKeys,
    after: Start,
    limit: int,
    then: Callable[[History | Absence | Exception], None],
    standing: tuple[str, str] | None = None,
) -> None:
    """As `JournalReader.ask`; a feed is never absent, and 0-0 is before its first record."""
    journal.ask(keys, None if after == START else after, limit, partial(_found, then), standing=standing)


class FeedReader:
    """Reads feeds by the reader of journals, and lists their tasks.

    ``key_prefix`` stands before a task's id in the key of its result; a page has ``max_bytes`` of events.
    """

    def __init__(self, journal: JournalReader, connection: Exchange, key_prefix: str, max_bytes: int) -> None:
        self._journal = journal
        self._connection = connection
        self._prefix = key_prefix
        self._max_bytes = max_bytes

    async def read(self, keys: TaskKeys, after: Start, limit: int) -> FeedHistory:
        """At most ``limit`` records after the cursor; raises redis-py's errors."""
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        ask_feed(self._journal, keys, after, limit, partial(settle, answer))
        found: FeedHistory = await answer
        return found

    async def list(self, keys: TaskKeys, states: Sequence[str], before: int | None, limit: int) -> FeedPage:
        """The tasks that came before a number, in any of the states; ``open`` is each that is not final.

        Raises redis-py's errors.
        """
        name = keys.result.removeprefix(FEED + self._prefix)
        start = "" if before is None else str(before)
        args: tuple[Part, ...] = (name, self._prefix, start, limit, self._max_bytes, *states)
        reply = await run_script(self._connection, LIST_FEED, (keys.head,), *args)
        epoch, seq, rollup, following, *events = reply
        tasks = [Record.parse(event) for event in events]
        return FeedPage(EventId(int(epoch), seq), rollup, tasks, int(following) if following else None)

    async def tree_of(self, task_id: str) -> str | None:
        """The feed of a task's tree, by its name; None: the task has no journal. Raises redis-py's errors.

        A task that is alone is in no feed until somebody asks for its tree.
        """
        head = task_keys(task_id, self._prefix).head
        name: bytes | None = await run_script(self._connection, TREE_OF, (head,), task_id, self._prefix)
        return None if name is None else name.decode(errors="replace")


def _found(
    then: Callable[[History | Absence | Exception], None], answer: History | Absence | Exception
) -> None:
    then(answer if isinstance(answer, Exception) else FeedHistory.of(answer))
