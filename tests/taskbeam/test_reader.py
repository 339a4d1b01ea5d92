"""Reading after a cursor, on a real server."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
import redis.asyncio

from taskbeam.journal.events import EventId
from taskbeam.journal.history import Absence, Gap, History
from taskbeam.journal.limits import Limits
from taskbeam.journal.pipelined_connection import WINDOW
from taskbeam.journal.reader import JournalReader
from tests.support.redis_cluster import one_server
from tests.support.results import names

from .conftest import DB
from .connected import exchange, exchange_of
from .journal import Journal

if TYPE_CHECKING:
    from stack.valkey import Valkey
    from taskbeam.journal.writer import Writer

EVERYTHING = 10_000


class Reader:
    """Reads in an event loop of its own."""

    def __init__(self, client: redis.Redis) -> None:
        self._client = client

    def read(
        self, journal: Journal, after: EventId | None = None, limit: int = EVERYTHING
    ) -> History | Absence:
        async def reading() -> History | Absence:
            async with exchange_of(self._client) as connected:
                return await JournalReader(connected).read(journal.keys, after, limit)

        return asyncio.run(reading())

    def found(self, journal: Journal, after: EventId | None = None, limit: int = EVERYTHING) -> History:
        history = self.read(journal, after, limit)
        assert isinstance(history, History)
        return history


@pytest.fixture
def reader(client: redis.Redis) -> Reader:
    return Reader(client)


def gap_of(history: History, cursor: EventId) -> Gap | None:
    replay = history.replay(cursor)
    assert replay is not None
    return replay.gap


def seqs(history: History) -> list[int]:
    return [record.id.seq for record in history.records]


def fill(journal: Journal, events: int) -> EventId:
    journal.send()
    for _ in range(events - 1):
        last = journal.append("PROGRESS", "a", "progress").id
    return last


class TestAfterACursor:
    def test_a_task_that_nobody_sent_has_no_history(self, reader: Reader, journal: Journal) -> None:
        assert reader.read(journal) is Absence.UNKNOWN
        assert reader.read(journal, EventId(1, 1)) is Absence.UNKNOWN

    def test_without_one_all_records_come(self, reader: Reader, journal: Journal) -> None:
        last = fill(journal, 5)
        history = reader.found(journal)
        assert (history.last, seqs(history)) == (last, [1, 2, 3, 4, 5])
        assert [record.body for record in history.records] == [record.body for record in journal.records]

    @pytest.mark.parametrize("seq", [0, 1, 3, 5])
    def test_only_later_records_come(self, reader: Reader, journal: Journal, seq: int) -> None:
        last = fill(journal, 5)
        history = reader.found(journal, last._replace(seq=seq))
        assert seqs(history) == list(range(seq + 1, 6))
        assert history.complete

    def test_a_read_brings_at_most_its_limit_and_the_next_goes_on(
        self, reader: Reader, journal: Journal
    ) -> None:
        last = fill(journal, 10)
        pages, cursor = [], None
        while cursor != last:
            history = reader.found(journal, cursor, limit=4)
            pages.append(seqs(history))
            cursor = history.records[-1].id
            assert history.complete == (cursor == last)
        assert pages == [[1, 2, 3, 4], [5, 6, 7, 8], [9, 10]]


class TestACursorThatDoesNotFit:
    def test_older_than_a_trimmed_log_is_answered_from_its_first_record(
        self, reader: Reader, journal: Journal
    ) -> None:
        journal.options["limits"] = Limits(limit=3)
        last = fill(journal, 8)
        cursor = last._replace(seq=2)
        history = reader.found(journal, cursor)
        assert seqs(history) == [6, 7, 8]
        assert gap_of(history, cursor) == Gap(cursor, last._replace(seq=5), "trimmed")
        assert gap_of(history, last._replace(seq=5)) is None

    def test_of_an_earlier_life_is_answered_from_the_first_record(
        self, reader: Reader, journal: Journal
    ) -> None:
        journal.append("STARTED", "a")
        old = journal.append("FAILURE", "a").id
        new = journal.append("STARTED", "b").id
        history = reader.found(journal, old)
        assert seqs(history) == [1]
        assert gap_of(history, old) == Gap(old, EventId(new.epoch, 0), "epoch")

    def test_ahead_of_the_journal_is_answered_from_the_first_record(
        self, reader: Reader, journal: Journal
    ) -> None:
        last = fill(journal, 3)
        history = reader.found(journal, last._replace(seq=9))
        assert seqs(history) == [1, 2, 3]
        gap = gap_of(history, last._replace(seq=9))
        assert gap is not None
        assert gap.reason == "epoch"


class TestAJournalThatIsGone:
    """Its tombstone says whether the task had ended."""

    def test_of_an_ended_task_has_expired(self, reader: Reader, journal: Journal) -> None:
        journal.options["limits"] = Limits(expires=3600)
        fill(journal, 3)
        journal.append("SUCCESS", "a")
        journal.client.delete(journal.keys.head, journal.keys.log)
        assert reader.read(journal) is Absence.EXPIRED

    def test_of_a_task_that_goes_on_is_missing(self, reader: Reader, journal: Journal) -> None:
        journal.options["limits"] = Limits(expires=3600)
        last = fill(journal, 3)
        journal.client.delete(journal.keys.head, journal.keys.log)
        assert reader.read(journal) is Absence.MISSING
        assert reader.read(journal, last) is Absence.MISSING
        assert journal.append("PROGRESS", "a", "progress").id.epoch > last.epoch


class TestThePicture:
    def test_is_the_newest_record_that_tells_the_state(self, reader: Reader, journal: Journal) -> None:
        fill(journal, 3)
        for _ in range(2):
            journal.say("a")
        assert reader.found(journal).snapshot.id.seq == 3

    @pytest.mark.parametrize("lines", [1, 2, 3, 4, 50])
    def test_survives_log_lines_that_push_it_out_of_the_log(
        self, reader: Reader, journal: Journal, lines: int
    ) -> None:
        journal.options["limits"] = Limits(limit=3)
        fill(journal, 3)
        for _ in range(lines):
            journal.say("a")
        history = reader.found(journal)
        assert (history.snapshot.id.seq, history.last.seq) == (3, 3 + lines)
        journal.append("PROGRESS", "a", "progress")
        assert reader.found(journal).snapshot.id.seq == 4 + lines

    @pytest.mark.parametrize("lines", [1, 2, 3, 4, 9])
    def test_is_the_first_record_when_no_state_was_told_yet(
        self, reader: Reader, journal: Journal, lines: int
    ) -> None:
        """Redis lost its data while the task ran, and the task only writes log lines."""
        journal.options["limits"] = Limits(limit=3)
        for _ in range(lines):
            journal.say("a")
        assert reader.found(journal).snapshot.id.seq == 1

    def test_of_an_ended_task_is_its_last_record(self, reader: Reader, journal: Journal) -> None:
        fill(journal, 3)
        assert not reader.found(journal).ended
        last = journal.append("SUCCESS", "a").id
        history = reader.found(journal, last)
        assert history.ended
        assert history.snapshot.id == last


@pytest.mark.usefixtures("valkey")  # in memory each read is answered at once
class TestReadsAtOnce:
    @one_server("on a cluster they go over one connection to each master")
    def test_go_over_one_connection_and_each_gets_its_own_answer(
        self, valkey: Valkey, client: redis.Redis, writer: Writer
    ) -> None:
        journals = [Journal(client, writer) for _ in range(3 * WINDOW)]
        for number, journal in enumerate(journals):
            fill(journal, 2 + number % 4)

        async def read_all() -> tuple[list[History | Absence], int]:
            async with exchange(valkey.url(DB), client_name="reads-at-once") as connected:
                reader = JournalReader(connected)
                reads = [reader.read(journal.keys, None, EVERYTHING) for journal in journals]
                unknown = reader.read(names("nobody"), None, EVERYTHING)
                histories = await asyncio.gather(*reads, unknown)
                [clients] = await connected.execute(("CLIENT", "LIST"))
                return histories, clients.count(b"name=reads-at-once")

        client.script_flush()
        (*histories, absence), connections = asyncio.run(read_all())
        assert connections == 1
        assert absence is Absence.UNKNOWN
        assert [history.last.seq for history in histories if isinstance(history, History)] == [
            2 + number % 4 for number in range(len(journals))
        ]

    def test_one_that_is_given_up_takes_nobody_with_it(self, journal: Journal) -> None:
        fill(journal, 2)

        async def read_and_give_up() -> list[History | Absence | BaseException]:
            async with exchange_of(journal.client) as connected:
                reader = JournalReader(connected)
                reads = [
                    asyncio.create_task(reader.read(journal.keys, None, EVERYTHING))
                    for _ in range(2 * WINDOW)
                ]
                await asyncio.sleep(0)
                reads[0].cancel()
                reads[-1].cancel()
                return await asyncio.gather(*reads, return_exceptions=True)

        first, *others, last = asyncio.run(read_and_give_up())
        assert isinstance(first, asyncio.CancelledError)
        assert isinstance(last, asyncio.CancelledError)
        assert all(isinstance(history, History) and seqs(history) == [1, 2] for history in others)

    def test_a_refusal_reaches_only_the_one_who_caused_it(self, journal: Journal) -> None:
        fill(journal, 2)
        broken = names("broken")
        journal.client.set(broken.head, "no hash")

        async def read_both() -> list[History | Absence | BaseException]:
            async with exchange_of(journal.client) as connected:
                reader = JournalReader(connected)
                reads = [reader.read(keys, None, EVERYTHING) for keys in (journal.keys, broken, journal.keys)]
                return await asyncio.gather(*reads, return_exceptions=True)

        first, second, third = asyncio.run(read_both())
        assert isinstance(first, History)
        assert isinstance(second, redis.ResponseError)
        assert isinstance(third, History)


class TestTheScriptOnTheServer:
    def test_is_sent_again_to_a_server_that_forgot_it(
        self, reader: Reader, journal: Journal, writer: Writer
    ) -> None:
        fill(journal, 3)
        journal.client.script_flush()
        assert seqs(reader.found(journal)) == [1, 2, 3]
        assert writer.append(journal.entry("SUCCESS", "a")).id.seq == 4
