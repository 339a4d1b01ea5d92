"""Tell a task's feeds on a cluster: the calls are made here, and whoever has a connection carries them out.

A feed is told each event once, however often a call is repeated. So whoever finds that a writer has died
before it told a feed may tell it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias

from taskbeam.journal.events import FINAL_STATES, PENDING, RETRY, STARTED
from taskbeam.journal.feeds.names import FEED, ClusterFeedKeys
from taskbeam.journal.feeds.owed import News, Owed, text_of
from taskbeam.journal.scripts import TELL_FEED, TRANSITIONS

if TYPE_CHECKING:
    from collections.abc import Generator

    from taskbeam.journal.keys import TaskKeys
    from taskbeam.journal.scripts import Script

    #: Yields calls, and is sent what each answers.
    Calls: TypeAlias = Generator["Call", Any, None]

#: States of a run that has done nothing yet.
_AT_START: Final = frozenset({PENDING, STARTED, RETRY})


class Call(NamedTuple):
    """A script, keys of one slot, and arguments."""

    script: Script
    keys: tuple[str, ...]
    args: tuple[str | bytes | int, ...]


def feed_head(keys: TaskKeys, feed: str) -> str:
    """The key by which a feed of the task whose names these are is found."""
    return _keys_of(keys, feed).head


def tell(keys: TaskKeys, feed: str, owed: Owed) -> Calls:
    """Tell a feed what it is owed of the task whose names these are, and what it lacks."""
    return catch_up(keys, feed) if owed.news is None else _tell_news(keys, feed, owed.news)


def catch_up(keys: TaskKeys, feed: str) -> Calls:
    """Tell a feed all transitions of a task that it lacks."""
    _, last = yield _call(keys, feed, News("", ""))
    yield from _catch_up_from(keys, feed, last)


def _tell_news(keys: TaskKeys, feed: str, news: News) -> Calls:
    said, *last = yield _call(keys, feed, news)
    if text_of(said) == "behind":
        yield from _catch_up_from(keys, feed, last[0])


def _catch_up_from(keys: TaskKeys, feed: str, last: bytes | str) -> Calls:
    found = yield Call(TRANSITIONS, (keys.head, keys.log), (last,))
    if found is None:
        return
    weight, life, *pairs = found
    for state, record in zip(map(text_of, pairs[::2]), pairs[1::2], strict=True):
        permille = "1000" if state in FINAL_STATES else "0" if state in _AT_START else ""
        news = News(record, state, permille=permille, weight=text_of(weight), life=life)
        yield from _tell_news(keys, feed, news)


def _call(keys: TaskKeys, feed: str, news: News) -> Call:
    said = (news.record, news.state, news.after, news.permille, news.weight, news.holds, news.life, news.root)
    return Call(TELL_FEED, _keys_of(keys, feed).all, (feed, keys.task_id, *said))


def _keys_of(keys: TaskKeys, feed: str) -> ClusterFeedKeys:
    prefix = keys.result.removesuffix(keys.task_id)
    return ClusterFeedKeys(f"{FEED}{prefix}{feed}")
