"""Where the open tasks of a feed on a cluster stand: what is told of it, and what a silent server costs."""

from __future__ import annotations

import asyncio
import json
import logging
from typing import TYPE_CHECKING, Any, cast

import pytest
from redis.exceptions import ConnectionError  # noqa: A004

from taskbeam.cluster import standing as standing_module
from taskbeam.cluster.journal_reader import ClusterJournalReader
from taskbeam.cluster.standing import Standing, published
from taskbeam.journal.cluster_keys import ClusterKeys
from taskbeam.journal.feeds.bounds import STANDING_BYTES
from taskbeam.journal.feeds.names import feed_keys
from taskbeam.journal.history import History
from taskbeam.journal.keys import CELERY_PREFIX, JournalNames
from taskbeam.journal.scripts import PICTURE, READ, ROWS
from taskbeam.measures.redis_traffic import RedisTraffic

if TYPE_CHECKING:
    from collections.abc import Callable

    from taskbeam.journal.events import Unnumbered
    from taskbeam.journal.exchange import Exchange

NAMES = JournalNames(CELERY_PREFIX, ClusterKeys)
FEED = "owner:ada"
KEYS = feed_keys(FEED, CELERY_PREFIX, ClusterKeys)
ROLLUP = b'{"total":3}'
GONE = ConnectionError("the server is away")


def picture(number: int, event: bytes = b"{}", turned: int = 1) -> tuple[bytes, bytes, bytes]:
    return (b"7-%d 0 %b" % (number, event), b"7-%d" % turned, b"")


class Answers:
    """Servers that answer when the test says so. ``asked`` are the callbacks for each script, in order."""

    def __init__(self) -> None:
        self.traffic = RedisTraffic()
        self.asked: dict[str, list[Callable[[Any], None]]] = {}

    def ask(self, then: Callable[[Any], None], *command: Any) -> None:
        self.asked.setdefault(command[1], []).append(then)


class TestWhatIsTold:
    def test_the_oldest_task_first_and_only_what_the_log_does_not_have(self) -> None:
        pictures = [picture(3, b'{"id":"new"}'), picture(1), None, picture(2, b'{"id":"old"}')]
        assert [json.loads(each) for each in published(FEED, ROLLUP, pictures)] == [
            {"feed": FEED, "type": "task", "event": {"id": "old"}},
            {"feed": FEED, "type": "task", "event": {"id": "new"}},
        ]

    @pytest.mark.parametrize("feed", ["group:g", "tree:t"])
    def test_the_last_one_of_what_has_a_progress_says_it(self, feed: str) -> None:
        told = [json.loads(each) for each in published(feed, ROLLUP, [picture(2), picture(3)])]
        assert [each.get("rollup") for each in told] == [None, {"total": 3}]

    def test_there_is_a_bound_and_those_behind_it_are_the_oldest(self) -> None:
        large = b'{"text":"%b"}' % (b"x" * (STANDING_BYTES - 20))
        told = published(FEED, ROLLUP, [picture(2, b'{"id":"new"}'), picture(2, large), picture(2)])
        assert [json.loads(each)["event"] for each in told] == [{"id": "new"}]
        assert len(published(FEED, ROLLUP, [picture(2, large + b" " * 99), picture(2)])) == 1


def look(answers: Answers, told: list[Any]) -> None:
    Standing(cast("Exchange", answers), NAMES, FEED, told.append).ask(KEYS)


def rows(*ids: bytes) -> list[Any]:
    return [b"7", 3, ROLLUP, b"", *(part for each in ids for part in (each, b"7-1 PROGRESS", b"1"))]


def events(told: tuple[Unnumbered, ...]) -> list[Any]:
    return [json.loads(each.body)["event"] for each in told]


def test_all_tasks_are_asked_and_then_it_is_told_once() -> None:
    async def run() -> None:
        answers, told = Answers(), list[Any]()
        look(answers, told)
        answers.asked[ROWS.digest][0](rows(b"a", b"b"))
        first, second = answers.asked[PICTURE.digest]
        second(picture(2, b'{"id":"b"}'))
        assert told == []
        first(picture(2, b'{"id":"a"}'))
        assert [events(each) for each in told] == [[{"id": "b"}, {"id": "a"}]]

    asyncio.run(run())


def test_without_open_tasks_nothing_is_asked() -> None:
    async def run() -> None:
        answers, told = Answers(), list[Any]()
        look(answers, told)
        answers.asked[ROWS.digest][0](rows())
        assert (told, PICTURE.digest in answers.asked) == ([()], False)

    asyncio.run(run())


def test_a_feed_that_cannot_be_read_is_an_error() -> None:
    async def run() -> None:
        answers, told = Answers(), list[Any]()
        look(answers, told)
        answers.asked[ROWS.digest][0](GONE)
        assert told == [GONE]

    asyncio.run(run())


def test_a_server_that_is_away_costs_only_its_tasks(caplog: pytest.LogCaptureFixture) -> None:
    async def run() -> None:
        answers, told = Answers(), list[Any]()
        look(answers, told)
        answers.asked[ROWS.digest][0](rows(b"a", b"b"))
        first, second = answers.asked[PICTURE.digest]
        first(GONE)
        second(picture(2, b'{"id":"b"}'))
        assert [events(each) for each in told] == [[{"id": "b"}]]

    with caplog.at_level(logging.WARNING):
        asyncio.run(run())
    assert f"feed {FEED} is not told where 1 of its tasks stand: the server is away." in caplog.text


def test_nobody_waits_long_for_a_silent_server(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(standing_module, "PATIENCE", 0.0)

    async def run() -> None:
        answers, told = Answers(), asyncio.Queue[Any]()
        Standing(cast("Exchange", answers), NAMES, FEED, told.put_nowait).ask(KEYS)
        answers.asked[ROWS.digest][0](rows(b"a", b"b"))
        first, second = answers.asked[PICTURE.digest]
        second(picture(2, b'{"id":"b"}'))
        assert events(await told.get()) == [{"id": "b"}]
        first(picture(2, b'{"id":"a"}'))  # too late
        assert told.empty()

    with caplog.at_level(logging.WARNING):
        asyncio.run(run())
    assert "where 1 of its tasks stand: no answer within 0 s" in caplog.text


@pytest.mark.parametrize(("records", "asked"), [([b"7-1 0 {}", b"7-2 0 {}"], 1), ([b"7-1 0 {}"], 0)])
def test_it_is_looked_at_when_all_was_read(records: list[bytes], asked: int) -> None:
    """A long replay is read in pieces, and nobody goes live before its end."""

    async def run() -> None:
        answers, found = Answers(), list[Any]()
        reader = ClusterJournalReader(cast("Exchange", answers), NAMES)
        reader.ask(KEYS, None, 500, found.append, standing=(FEED, CELERY_PREFIX))
        answers.asked[READ.digest][0]([b"7", 2, 1, 0, records, b"7-2 0 {}"])
        looked = answers.asked.get(ROWS.digest, [])
        assert (len(looked), len(found)) == (asked, 1 - asked)
        for then in looked:
            then(rows(b"a"))
            answers.asked[PICTURE.digest][0](picture(2, b'{"id":"a"}'))
        (history,) = found
        assert isinstance(history, History)
        assert events(history.standing) == [{"id": "a"}] * asked

    asyncio.run(run())
