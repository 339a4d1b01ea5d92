"""Redis turns entries away, and connections are lost: each is written once, or known not to be there."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
import redis
from redis.backoff import NoBackoff
from redis.connection import Connection
from redis.exceptions import (
    ConnectionError,  # noqa: A004
    MasterDownError,
    OutOfMemoryError,
    ReadOnlyError,
)
from redis.retry import Retry

from stack.valkey import Valkey
from taskbeam.journal import unanswered as module
from taskbeam.journal.entry import Delivery, Verdict
from taskbeam.journal.scripts import APPEND
from taskbeam.journal.writer import JournalWriter
from tests.support import nobody
from tests.support.redis_cluster import one_server
from tests.support.relay import BLACK_HOLE, CALM, Relay

from .journal import Journal
from .waiting import until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from taskbeam.journal.entry import Entry
    from taskbeam.journal.writer import Writer

pytestmark = one_server("it makes one server turn entries away")


@pytest.fixture(scope="module")
def line(own_valkey: Valkey) -> Iterator[Relay]:
    with Relay(own_valkey.port) as line:
        yield line


@pytest.fixture(scope="module")
def own_valkey() -> Iterator[Valkey]:
    with Valkey() as server:
        yield server


@pytest.fixture
def journal(line: Relay, own_valkey: Valkey, monkeypatch: pytest.MonkeyPatch) -> Iterator[Journal]:
    """Whose task was sent; answers are read when there is no way round it."""
    monkeypatch.setattr(module, "ANSWER_DUE", 3600.0)
    writer = JournalWriter(lambda: connection(line))
    with redis.Redis.from_url(own_valkey.url()) as client:
        journal = Journal(client, writer)
        journal.send()
        yield journal
        writer.close()


def connection(line: Relay) -> Connection:
    return Connection(host="127.0.0.1", port=line.port, socket_timeout=30, retry=Retry(NoBackoff(), 0))


@contextmanager
def refusing(client: redis.Redis, *, stale: str = "yes") -> Iterator[None]:
    """A replica without its master refuses to write, and without stale data anything (MASTERDOWN)."""
    client.config_set("replica-serve-stale-data", stale)
    client.replicaof("127.0.0.1", nobody.PORT)
    try:
        yield
    finally:
        client.replicaof("NO", "ONE")


def said(journal: Journal) -> list[int]:
    return [event["data"] for event in journal.events if "data" in event]


def posted(journal: Journal, *numbers: int) -> list[Entry]:
    entries = [journal.entry("PROGRESS", "a", "data", members={"data": str(number)}) for number in numbers]
    for entry in entries:
        journal.writer.post(entry)
    return entries


def turned_away(journal: Journal, entry: Entry, stale: str = "yes") -> Delivery:
    with refusing(journal.client, stale=stale), pytest.raises((ReadOnlyError, MasterDownError)):
        journal.writer.append(entry)
    return entry.delivery


def test_what_was_lost_on_its_way_is_written_behind_the_one_that_was_turned_away(
    journal: Journal, line: Relay
) -> None:
    """Were that one given a new number, the other would be taken for one that is there already."""
    line.weather = BLACK_HOLE
    first, second = posted(journal, 1, 2)
    line.cut()
    line.weather = CALM
    turned_away(journal, first)
    assert [journal.writer.append(entry).verdict for entry in (first, second)] == [Verdict.APPENDED] * 2
    assert said(journal) == [1, 2]


def test_what_is_there_is_not_written_again_when_its_repetition_was_turned_away(
    journal: Journal, line: Relay
) -> None:
    first, second = posted(journal, 1, 2)
    until(lambda: said(journal) == [1, 2])
    line.cut()
    assert turned_away(journal, first, stale="no") is Delivery.CUT
    assert [journal.writer.append(entry).verdict for entry in (first, second)] == [Verdict.REPEATED] * 2
    assert said(journal) == [1, 2]


def test_what_was_overtaken_is_known_not_to_be_there(journal: Journal) -> None:
    first = journal.entry("PROGRESS", "a", "data", members={"data": "1"})
    assert turned_away(journal, first) is Delivery.TURNED_AWAY
    posted(journal, 2)
    journal.writer.append(first)
    assert first.delivery is Delivery.OVERTAKEN
    assert said(journal) == [2]
    assert journal.writer.append(first).verdict is Verdict.APPENDED


def test_answers_that_came_before_the_connection_was_lost_are_noted(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    with refusing(journal.client):
        first, second = posted(journal, 1, 2)
        lose_after(monkeypatch, journal.writer, 1)
        with pytest.raises((ConnectionError, ReadOnlyError)):
            journal.writer.collect()
    assert [first.delivery, second.delivery] == [Delivery.TURNED_AWAY, Delivery.CUT]


class TestOneOfSeveral:
    """A server refuses one command of a pipeline, and would take the next ones."""

    @pytest.mark.parametrize("refused", [1, 2, 3])
    def test_a_server_without_the_script_takes_none_behind_it(self, journal: Journal, refused: int) -> None:
        """Somebody forgets the scripts, and somebody else loads them again between two commands."""
        posted(journal, *range(refused))
        with refusing_one(journal, "script_flush", "NOSCRIPT", "script_load", APPEND.text):
            posted(journal, refused)
        after = posted(journal, refused + 1, refused + 2)
        journal.writer.collect()
        assert said(journal) == list(range(refused + 3))
        assert {entry.delivery for entry in after} == {Delivery.WRITTEN}

    def test_what_redis_could_not_take_is_not_overtaken(self, journal: Journal) -> None:
        """There is room again between two commands."""
        with refusing_one(
            journal, "config_set", "OOM", "config_set", "maxmemory", 0, before=("maxmemory", 1)
        ):
            first = posted(journal, 1)
        later = posted(journal, 2, 3)
        with pytest.raises(OutOfMemoryError):
            journal.writer.collect()
        assert {entry.delivery for entry in (*first, *later)} == {Delivery.TURNED_AWAY}
        for entry in (*first, *later):
            journal.writer.post(entry)
        journal.writer.collect()
        assert said(journal) == [1, 2, 3]

    @pytest.mark.parametrize("answers", [0, 1, 2])
    def test_nor_where_the_connection_is_lost_before_all_answers(
        self, journal: Journal, monkeypatch: pytest.MonkeyPatch, answers: int
    ) -> None:
        with refusing_one(journal, "script_flush", "NOSCRIPT", "script_load", APPEND.text):
            posted(journal, 1)
        posted(journal, 2, 3)
        lose_after(monkeypatch, journal.writer, answers)
        journal.append("SUCCESS", "a")
        assert said(journal) == [1, 2, 3]

    def test_what_was_forgotten_with_the_journal_is_no_reason_to_wait(self, journal: Journal) -> None:
        posted(journal, 1)
        until(lambda: said(journal) == [1])
        journal.client.flushdb()
        posted(journal, 2, 3)
        journal.writer.collect()
        assert said(journal) == [2, 3]

    def test_what_another_thread_has_sent_first_keeps_its_order(self, journal: Journal, line: Relay) -> None:
        line.weather = BLACK_HOLE
        cut = posted(journal, 1, 2)
        line.cut()
        line.weather = CALM
        with pytest.raises(ConnectionError):
            journal.writer.collect()

        def go_on() -> None:
            journal.append("PROGRESS", "a", "data", members={"data": "0"})
            for entry in (*cut, journal.entry("PROGRESS", "a", "data", members={"data": "3"})):
                journal.writer.post(entry)
            journal.writer.collect()
            journal.writer.close()

        thread = threading.Thread(target=go_on)
        thread.start()
        thread.join()
        assert said(journal) == [0, 1, 2, 3]


@contextmanager
def refusing_one(
    journal: Journal, spoil: str, code: str, mend: str, *values: Any, before: tuple[Any, ...] = ()
) -> Iterator[None]:
    """Redis refuses what is sent in the block, and nothing that is sent after it."""
    client: Any = journal.client
    client.config_resetstat()
    getattr(client, spoil)(*before)
    yield
    until(lambda: f"errorstat_{code}" in client.info("errorstats"))
    getattr(client, mend)(*values)


def lose_after(monkeypatch: pytest.MonkeyPatch, writer: Writer, count: int) -> None:
    """The connection is lost after so many answers."""
    assert isinstance(writer, JournalWriter)
    assert writer._held.line is not None
    held: Any = writer._held.line._connection
    read: Callable[..., Any] = held.read_response
    answers = iter(range(count))

    def read_or_lose(*args: Any, **kwargs: Any) -> Any:
        if next(answers, None) is None:
            raise ConnectionError("lost")
        return read(*args, **kwargs)

    monkeypatch.setattr(held, "read_response", read_or_lose)
