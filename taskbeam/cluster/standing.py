"""Where the open tasks of a feed on a cluster stand, for whoever begins to hear it.

What a task told since its last transition has no number in the feed, so nobody could catch up on it.
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from taskbeam.background.logger import logger_for
from taskbeam.journal.encode import to_json
from taskbeam.journal.events import Unnumbered
from taskbeam.journal.feeds.bounds import STANDING_BYTES, STANDING_TASKS
from taskbeam.journal.feeds.names import ClusterFeedKeys, FeedKind, FeedName
from taskbeam.journal.run_script import ask_script
from taskbeam.journal.scripts import PICTURE, ROWS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from taskbeam.journal.exchange import Exchange
    from taskbeam.journal.keys import JournalNames, TaskKeys

    #: What `PICTURE` answers: a record, the id of the newest transition, and whether errbacks are to come.
    Picture = tuple[bytes, bytes, bytes]

logger = logger_for(__name__)

#: Seconds that a stream waits for the tasks' servers at the most: one may be away, and the feed is here.
PATIENCE: Final = 1.0

#: Feeds that have a progress.
_WITH_PROGRESS: Final = (FeedKind.GROUP, FeedKind.TREE)


class Standing:
    """One look at a feed and its tasks. Belongs to one event loop."""

    def __init__(
        self,
        exchange: Exchange,
        names: JournalNames,
        feed: str,
        then: Callable[[tuple[Unnumbered, ...] | Exception], None],
    ) -> None:
        """``names``: of the tasks. ``then`` gets what is to be told of them, the oldest task first.

        Where the feed cannot be read: one of redis-py's errors.
        """
        self._exchange = exchange
        self._names = names
        self._feed = feed
        self._then = then
        self._rollup = b""
        self._pictures: list[Picture | None] = []
        self._errors: list[Exception] = []
        self._awaited = 0
        self._patience: asyncio.TimerHandle | None = None

    def ask(self, keys: TaskKeys) -> None:
        """Begin; ``keys`` are the feed's."""
        every = ClusterFeedKeys(keys.result).all
        ask_script(self._exchange, ROWS, self._listed, every, self._feed, "", STANDING_TASKS, "open")

    def _listed(self, reply: Any) -> None:
        if isinstance(reply, Exception):
            self._then(reply)
            return
        _, _, self._rollup, _, *found = reply
        tasks = [self._names.task(task_id.decode()) for task_id in found[::3]]
        if not tasks:
            self._then(())
            return
        self._pictures, self._awaited = [None] * len(tasks), len(tasks)
        self._patience = asyncio.get_running_loop().call_later(PATIENCE, self._tell)
        for place, task in enumerate(tasks):
            ask_script(self._exchange, PICTURE, partial(self._seen, place), (task.head, task.log))

    def _seen(self, place: int, reply: Any) -> None:
        if isinstance(reply, Exception):
            self._errors.append(reply)
        else:
            self._pictures[place] = reply
        self._awaited -= 1
        if not self._awaited:
            self._tell()

    def _tell(self) -> None:
        if self._patience is None:
            return  # what came later than it waited
        self._patience.cancel()
        self._patience = None
        unread = len(self._errors) + self._awaited
        if unread:
            why = self._errors[0] if self._errors else f"no answer within {PATIENCE:g} s"
            logger.warning(
                "A stream of the feed %s is not told where %d of its tasks stand: %s. "
                "It hears what they report next",
                self._feed,
                unread,
                why,
            )
        self._then(tuple(map(Unnumbered, published(self._feed, self._rollup, self._pictures))))


def published(feed: str, rollup: bytes, pictures: Iterable[Picture | None]) -> list[bytes]:
    """What the feed published of its open tasks since their last transitions, the oldest task first.

    ``rollup``: how the tasks stand now, as JSON. ``pictures``: of the tasks, the newest first; None: unknown.
    Of a group or a tree the last one has the roll-up, too, as on one server.
    """
    events: list[bytes] = []
    room = STANDING_BYTES
    for picture in filter(None, pictures):
        record, turned, _ = picture
        id, _, rest = record.partition(b" ")  # noqa: A001
        if id == turned:
            continue  # the feed's log has it
        event = rest[2:]
        room -= len(event)
        if room < 0 and events:
            break
        events.insert(0, event)
    begin = b'{"feed":%b,"type":"task","event":' % to_json(feed).encode()
    told = [begin + event + b"}" for event in events]
    if told and FeedName.parse(feed).kind in _WITH_PROGRESS:
        told[-1] = told[-1][:-1] + b',"rollup":%b}' % rollup
    return told
