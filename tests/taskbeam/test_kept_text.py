"""The script keeps what a task writes in one piece, and says of each piece where it begins."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any, cast

import pytest

from taskbeam.journal.events import EventId
from taskbeam.journal.history import History
from taskbeam.journal.limits import Limits
from taskbeam.journal.reader import JournalReader
from tests.support.reading import ReadText
from tests.support.redis_cluster import subscribed

from .connected import exchange_of
from .feed import Feed
from .journal import Journal
from .waiting import DEADLINE

if TYPE_CHECKING:
    import redis

    from taskbeam.journal.entry import Appended
    from taskbeam.journal.writer import Writer


class Writing:
    """A run that writes."""

    def __init__(self, journal: Journal, run: str = "a") -> None:
        self.journal = journal
        self.run = run
        self.written = 0

    def write(self, text: str, *, lost: int = 0, **fields: Any) -> Appended:
        """``lost``: units that were written before this text, and that Redis never got."""
        self.written += lost + len(text)
        return self.journal.say(
            self.run, "output", text=text, units=len(text), written=self.written, **fields
        )


@pytest.fixture
def writing(journal: Journal) -> Writing:
    journal.send()
    journal.append("STARTED", "a")
    return Writing(journal)


def outputs(journal: Journal) -> list[dict[str, Any]]:
    return [event["output"] for event in journal.events if event["type"] == "output"]


def kept(journal: Journal) -> bytes | None:
    return cast("bytes | None", journal.client.get(journal.keys.output))


def so_far(journal: Journal, after: EventId | None = None) -> dict[str, Any] | None:
    """What a client is told that joins with this cursor."""
    found = asyncio.run(look(journal, after))
    replay = found.replay(after)
    assert replay is not None
    return json.loads(replay.text.body) if replay.text else None


async def look(journal: Journal, after: EventId | None) -> History:
    async with exchange_of(journal.client) as connected:
        found = await JournalReader(connected).read(journal.keys, after, 1000, text=True)
    assert isinstance(found, History)
    return found


class TestEachPiece:
    def test_says_where_it_begins(self, writing: Writing) -> None:
        for text in ("Once", " upon", "", " a time"):
            writing.write(text)
        assert outputs(writing.journal) == [
            {"offset": 0, "text": "Once"},
            {"offset": 4, "text": " upon"},
            {"offset": 9, "text": ""},
            {"offset": 9, "text": " a time"},
        ]
        assert kept(writing.journal) == b"Once upon a time"
        assert writing.journal.events[-1]["state"] == "STARTED"

    def test_is_published_as_it_is_logged(self, writing: Writing) -> None:
        with writing.journal.watched() as heard:
            writing.write("Once")
        assert [message for _, message in heard] == [writing.journal.raw[-1]]

    def test_tells_how_much_is_nowhere(self, writing: Writing) -> None:
        writing.write("Once")
        writing.write(" a time", lost=5)
        writing.write(" there")
        assert outputs(writing.journal)[1:] == [
            {"offset": 4, "text": " a time", "omitted": 5},
            {"offset": 11, "text": " there", "omitted": 5},
        ]
        assert so_far(writing.journal) == {
            "task_id": writing.journal.task_id,
            "type": "output",
            "state": "STARTED",
            "name": None,
            "attempt": 1,
            "final": False,
            "output": {"offset": 0, "text": "Once a time there", "omitted": 5},
        }

    def test_is_written_once_though_it_is_sent_twice(self, writing: Writing) -> None:
        entry = writing.journal.entry("", "a", "output", text="Once", units=4, written=4, meta=b"")
        writing.journal.writer.append(entry)
        entry.in_doubt = True
        writing.journal.writer.append(entry)
        assert kept(writing.journal) == b"Once"
        assert len(outputs(writing.journal)) == 1

    def test_of_a_run_that_is_over_is_refused(self, writing: Writing) -> None:
        writing.write("Once")
        writing.journal.append("STARTED", "b")
        writing.write(" upon")
        assert len(outputs(writing.journal)) == 1


class TestANewAttempt:
    def test_begins_with_an_empty_text(self, writing: Writing) -> None:
        writing.write("Once")
        writing.journal.append("RETRY", "a")
        assert (so_far(writing.journal) or {})["output"] == {"offset": 0, "text": "Once"}
        writing.journal.append("STARTED", "b")
        assert kept(writing.journal) is None
        assert so_far(writing.journal) is None
        Writing(writing.journal, "b").write("Twice")
        assert outputs(writing.journal)[-1] == {"offset": 0, "text": "Twice"}
        found = so_far(writing.journal)
        assert found is not None
        assert (found["attempt"], found["output"]) == (2, {"offset": 0, "text": "Twice"})
        assert ReadText([found, *writing.journal.events]).text == "Twice"

    def test_so_does_a_task_that_is_sent_again(self, writing: Writing) -> None:
        writing.write("Once")
        writing.journal.append("FAILURE", "a")
        writing.journal.send()
        assert kept(writing.journal) is None
        assert so_far(writing.journal) is None

    def test_a_run_that_was_taken_for_lost_goes_on_writing(self, writing: Writing) -> None:
        writing.write("Once")
        writing.journal.append("LOST")
        writing.journal.append("PROGRESS", "a", "progress")
        writing.write(" upon")
        assert outputs(writing.journal) == [{"offset": 4, "text": " upon"}]
        assert (so_far(writing.journal) or {})["output"] == {"offset": 0, "text": "Once upon"}


class TestWhoIsToldTheTextSoFar:
    def test_whoever_has_no_cursor_and_whoever_gets_a_gap(self, journal: Journal) -> None:
        journal.options["limits"] = Limits(limit=4)
        journal.send()
        start = journal.append("STARTED", "a").id
        writing = Writing(journal)
        for _ in range(9):
            last = writing.write("word ").id
        whole = {"offset": 0, "text": "word " * 9}
        assert (so_far(journal) or {})["output"] == whole
        assert (so_far(journal, start) or {})["output"] == whole
        assert (so_far(journal, last._replace(epoch=last.epoch - 1)) or {})["output"] == whole
        before_the_log = EventId(last.epoch, int(journal.events[0]["id"].split("-")[1]) - 1)
        assert (so_far(journal, before_the_log) or {})["output"] == whole  # it may be a gap's
        assert so_far(journal, last) is None
        assert so_far(journal, last._replace(seq=last.seq - 2)) is None

    def test_nobody_of_a_task_that_writes_nothing(self, journal: Journal) -> None:
        journal.send()
        journal.append("SUCCESS", "a")
        assert so_far(journal) is None
        assert not journal.client.hexists(journal.keys.head, "output")
        assert kept(journal) is None

    def test_where_redis_has_evicted_its_beginning_it_says_so(self, writing: Writing) -> None:
        writing.write("Once")
        writing.journal.client.delete(writing.journal.keys.output)
        assert so_far(writing.journal) is None
        writing.write(" upon")
        assert (so_far(writing.journal) or {})["output"] == {"offset": 4, "text": " upon"}
        writing.write(" a time")
        assert (so_far(writing.journal) or {})["output"] == {"offset": 4, "text": " upon a time"}

    def test_text_is_no_matter_of_feeds(self, client: redis.Redis, writer: Writer) -> None:
        journal = Journal(client, writer, labels={"owner": "ada-who-writes"})
        journal.send()
        journal.append("STARTED", "a")
        with subscribed(client, Feed(client, "owner:ada-who-writes").keys.channel) as pubsub:
            Writing(journal).write("Once")
            journal.say("a", members={"data": '"a line"'})
            heard = pubsub.get_message(timeout=DEADLINE)
        assert b"a line" in heard["data"]


class TestHowLongItLives:
    def test_as_long_as_the_journal(self, journal: Journal) -> None:
        journal.options["limits"] = Limits(expires=600)
        journal.send()
        Writing(journal).write("Once")
        journal.say("a")
        open_for = [journal.client.ttl(key) for key in (journal.keys.log, journal.keys.output)]
        assert abs(open_for[0] - open_for[1]) <= 1
        assert open_for[1] > 600
        journal.append("SUCCESS", "a")
        assert 590 <= journal.client.ttl(journal.keys.output) <= 600

    def test_for_ever_where_results_do(self, journal: Journal) -> None:
        journal.options["limits"] = Limits(expires=0)
        journal.send()
        Writing(journal).write("Once")
        assert journal.client.ttl(journal.keys.output) == -1


class TestWhatIsOptional:
    def test_a_key_of_another_type_costs_neither_the_event_nor_the_result(self, writing: Writing) -> None:
        writing.write("Once")
        client, key = writing.journal.client, writing.journal.keys.output
        client.delete(key)
        client.rpush(key, "no text")
        answer = writing.write(" upon")
        assert [step.partition(": ")[0] for step in answer.failed] == ["keep the text"]
        assert outputs(writing.journal)[-1] == {"offset": 4, "text": " upon"}
        assert so_far(writing.journal) is None
        writing.write(" a time")  # it begins anew
        assert (so_far(writing.journal) or {})["output"] == {"offset": 9, "text": " a time"}
        writing.journal.append("SUCCESS", "a")
        assert writing.journal.stored == b"SUCCESS"
