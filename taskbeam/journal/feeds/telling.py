"""Tell feeds on a cluster: the calls are made here, and whoever has a connection carries them out.

A feed is told each event once, however often a call is repeated. So whoever finds that a writer has died
before it told a feed may tell it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol, TypeAlias

from redis.exceptions import NoPermissionError

from taskbeam.journal.away import refuses_for_good
from taskbeam.journal.events import FAILURE, FINAL_STATES, PENDING, RETRY, STARTED
from taskbeam.journal.feeds.names import FEED, ClusterFeedKeys, FeedKind
from taskbeam.journal.feeds.owed import News, Owed, text_of
from taskbeam.journal.scripts import PLANT, RELEASE, TELL_FEED, TRANSITIONS

if TYPE_CHECKING:
    from collections.abc import Generator

    from taskbeam.journal.keys import TaskKeys
    from taskbeam.journal.scripts import Script

    #: Yields calls, and is sent what each answers.
    Calls: TypeAlias = Generator["Call", Any, None]

#: States of a run that has done nothing yet.
_AT_START: Final = frozenset({PENDING, STARTED, RETRY})


class Call(NamedTuple):
    """A script, keys of one slot, and arguments.

    ``takes_life``: behind them it takes the life of the server, '' or nothing = unknown, and the life is the
    first thing that it answers; '' = it had no need of it.
    """

    script: Script
    keys: tuple[str, ...]
    args: tuple[str | bytes | int, ...]
    takes_life: bool = False


class Lack(Protocol):
    """What a feed is still to be told; equal to another of the same. Its text names the feed in the log."""

    @property
    def task_id(self) -> str:
        """Of which task it is; '' = of none."""

    @property
    def feed(self) -> str:
        """The name of the feed; where there are several, of the first."""

    @property
    def key(self) -> str:
        """A key of that feed."""

    def calls(self) -> Calls:
        """Tell it; what was told already changes nothing."""


@dataclass(frozen=True, slots=True)
class TaskLack:
    """What a feed lacks of a task: the task's journal says it."""

    keys: TaskKeys
    feed: str

    def __str__(self) -> str:
        return f"feed {self.feed} of task {self.task_id}"

    @property
    def task_id(self) -> str:
        """That of the task."""
        return self.keys.task_id

    @property
    def key(self) -> str:
        """One of the feed."""
        return feed_of(self.keys, self.feed).head

    def calls(self) -> Calls:
        """Tell the feed."""
        return catch_up(self.keys, self.feed)


def refuses_to_be_told(error: Exception) -> bool:
    """Whether there is no use in trying again: a key has another type, a permission is missing."""
    return refuses_for_good(error) or isinstance(error, NoPermissionError)


def tell(keys: TaskKeys, feed: str, owed: Owed) -> Calls:
    """Tell a feed what it is owed of the task whose names these are, and what it lacks."""
    return catch_up(keys, feed) if owed.news is None else _tell_news(keys, feed, owed.news)


def catch_up(keys: TaskKeys, feed: str) -> Calls:
    """Tell a feed all transitions of a task that it lacks, and that errbacks of the task are sent."""
    _, _, last, holds = yield _call(keys, feed, News("", ""))
    yield from _catch_up_from(keys, feed, last, holds=holds == 1)


def plant(keys: TaskKeys, *, alone: bool) -> Calls:
    """Tell a tree of its first task, whose names these are. ``alone``: as far as is known there is no other.

    A task that is alone has no tree, until a second one or somebody who asks for it names it.
    """
    found = yield Call(PLANT, (keys.head, keys.log), (keys.task_id,))
    if found is None:
        return
    _, weight, life, holds, state, record = found
    if record:
        news = _of_journal(text_of(state), record, weight, life, holds)
        yield _call(keys, f"{FeedKind.TREE}:{keys.task_id}", replace(news, root="" if alone else "coming"))


def feed_call(script: Script, keys: TaskKeys, feed: str, *args: str | bytes | int) -> Call:
    """A call of a script to a feed of the task whose names these are."""
    return Call(script, feed_of(keys, feed).all, (feed, *args))


def feed_of(keys: TaskKeys, feed: str) -> ClusterFeedKeys:
    """The names of a feed of the task whose names these are."""
    prefix = keys.result.removesuffix(keys.task_id)
    return ClusterFeedKeys(f"{FEED}{prefix}{feed}")


def _tell_news(keys: TaskKeys, feed: str, news: News) -> Calls:
    _, said, *more = yield _call(keys, feed, news)
    if text_of(said) == "root":
        yield from plant(keys.of(keys.task_id, feed.removeprefix(f"{FeedKind.TREE}:")), alone=False)
        _, said, *more = yield _call(keys, feed, replace(news, root="told"))
    if text_of(said) == "behind":
        yield from _catch_up_from(keys, feed, more[0])


def _catch_up_from(keys: TaskKeys, feed: str, last: bytes | str, *, holds: bool = False) -> Calls:
    found = yield Call(TRANSITIONS, (keys.head, keys.log), (last,))
    if found is None:
        return
    weight, life, waits, *pairs = found
    for state, record in zip(map(text_of, pairs[::2]), pairs[1::2], strict=True):
        newest = record is pairs[-1]
        yield from _tell_news(keys, feed, _of_journal(state, record, weight, life, waits if newest else ""))
    if holds and not waits:
        yield feed_call(RELEASE, keys, feed, keys.task_id)


def _of_journal(state: str, record: bytes | str, weight: Any, life: int, holds: Any) -> News:
    """What a journal says of a state that the task has, or had."""
    permille = "1000" if state in FINAL_STATES else "0" if state in _AT_START else ""
    held = text_of(holds) if state == FAILURE else ""
    return News(record, state, permille=permille, weight=text_of(weight), holds=held, life=life)


def _call(keys: TaskKeys, feed: str, news: News) -> Call:
    said = (news.record, news.state, news.after, news.permille, news.weight, news.holds, news.life, news.root)
    return feed_call(TELL_FEED, keys, feed, keys.task_id, *said)._replace(takes_life=True)
