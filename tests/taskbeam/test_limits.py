"""How much is kept of a journal, and for how long: the application says it, and other writers follow."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from taskbeam.celery.options import Options
from taskbeam.journal.bounds import MAX_EVENT_BYTES, MAX_VALUE_BYTES
from taskbeam.journal.dependents import end_dependents
from taskbeam.journal.entry import Verdict
from taskbeam.journal.limits import (
    DEFAULT_KEEP,
    DEFAULT_LIMIT,
    DEFAULT_LIMIT_BYTES,
    OPEN_EXPIRES,
    Limits,
)
from taskbeam.queues.audience import Audience
from taskbeam.queues.watch import QueueWatch
from tests.support.gateway import ROOT
from tests.support.results import control, names, reach_of

from .conftest import DB

if TYPE_CHECKING:
    from stack.valkey import Valkey
    from taskbeam.journal.entry import Appended

    from .journal import Journal

SECOND = 1000
HOUR = 3600


def fill(journal: Journal, count: int, **fields: Any) -> None:
    for _ in range(count):
        journal.writer.post(journal.entry("", "a", "data", meta=b"", **fields))


def ask_to_stop(journal: Journal) -> Appended:
    """As a canceller does, who knows nothing of the application's limits."""
    return journal.append("", only="open", cancel=True, meta=b"", limits=None)


def revoke(journal: Journal) -> Appended:
    """As a canceller does while the task is queued."""
    return journal.append("REVOKED", only="queued", limits=None)


def lose(journal: Journal) -> Appended:
    """As the watchdog does, of the run ``a``."""
    journal.append("STALLED", "a", only="running", meta=b"", limits=None)
    return journal.append("LOST", "a", only="stalled", final=True, limits=None)


def as_the_version_before_left_it(journal: Journal) -> None:
    """Its heads have no limits, and open journals lived no longer than others."""
    journal.client.hdel(journal.keys.head, "limits")
    for key in (journal.keys.head, journal.keys.log):
        if journal.client.ttl(key) != -1:
            journal.client.expire(key, HOUR)


def lives(journal: Journal) -> list[float]:
    """Seconds that Celery's result, head and log have left; -1 = for ever."""
    keys = journal.keys
    left: list[Any] = [journal.client.pttl(key) for key in (keys.result, keys.head, keys.log)]
    return [life if life < 0 else life / SECOND for life in left]


def tombstone_of(journal: Journal) -> float:
    left: Any = journal.client.pttl(journal.keys.tombstone)
    return float(left) / SECOND


class TestTheLimit:
    @pytest.mark.parametrize("later", [None, Limits(), Limits(limit=2), Limits(limit=900)])
    def test_of_the_first_writer_holds_whoever_comes_later(
        self, journal: Journal, later: Limits | None
    ) -> None:
        journal.send(limits=Limits(limit=5))
        fill(journal, 9, limits=later)
        assert ask_to_stop(journal).verdict is Verdict.APPENDED
        assert [record.id.seq for record in journal.records] == [7, 8, 9, 10, 11]

    @pytest.mark.parametrize("sender", [None, Limits(), Limits(keep=60, expires=60)])
    def test_of_a_worker_holds_where_the_sender_has_none(
        self, journal: Journal, sender: Limits | None
    ) -> None:
        journal.send(limits=sender)
        fill(journal, DEFAULT_LIMIT + 200, limits=Limits(limit=DEFAULT_LIMIT + 200))
        ask_to_stop(journal)
        assert [journal.records[0].id.seq, len(journal.records)] == [3, DEFAULT_LIMIT + 200]

    def test_is_the_default_where_nobody_has_configured_one(self, journal: Journal) -> None:
        journal.send(limits=Limits())
        fill(journal, DEFAULT_LIMIT + 5, limits=Limits())
        ask_to_stop(journal)
        assert len(journal.records) == DEFAULT_LIMIT

    def test_holds_in_the_next_life_of_the_same_task(self, journal: Journal) -> None:
        journal.send(limits=Limits(limit=3))
        journal.append("FAILURE", "a", limits=Limits())
        journal.append("STARTED", "b", limits=Limits(limit=100))
        for _ in range(9):
            journal.append("PROGRESS", "b", limits=Limits())
        assert len(journal.records) == 3

    def test_is_given_anew_when_the_task_is_sent_anew(self, journal: Journal) -> None:
        journal.send(limits=Limits(limit=3))
        journal.append("FAILURE", "a")
        journal.send(limits=Limits(limit=6))
        fill(journal, 9)
        assert len(journal.records) == 6

    def test_is_followed_by_the_watchdog(self, journal: Journal) -> None:
        journal.options["limits"] = Limits(limit=2 * DEFAULT_LIMIT)
        fill(journal, DEFAULT_LIMIT + 50)
        assert lose(journal).verdict is Verdict.APPENDED
        assert journal.records[0].id.seq == 1

    def test_is_followed_by_the_queue_watch(self, journal: Journal, valkey: Valkey) -> None:
        journal.options["limits"] = Limits(limit=2 * DEFAULT_LIMIT)
        journal.send(queue=control().queue(str(uuid4())), name="limits")
        for _ in range(DEFAULT_LIMIT + 50):
            journal.writer.post(journal.entry("PENDING", meta=b""))
        journal.say("")

        async def sweep() -> int:
            async with reach_of(valkey.url(DB)) as reach:
                audience = Audience()
                audience.follow(journal.task_id, journal.keys)
                watch = QueueWatch(
                    reach.redis,
                    reach.appender,
                    control(),
                    audience,
                    interval=0.0,
                    no_consumer_after=0.0,
                    journals=reach.journals,
                )
                return await watch.sweep()

        assert asyncio.run(sweep()) == 1
        assert [journal.records[0].id.seq, len(journal.records)] == [1, DEFAULT_LIMIT + 53]


class TestTheBytes:
    """What the records have together is bounded, as their number is."""

    @staticmethod
    def chunk(journal: Journal, size: int, **fields: Any) -> None:
        journal.say("a", "data", members={"data": f'"{"x" * size}"'}, **fields)

    @staticmethod
    def held(journal: Journal) -> int:
        return sum(map(len, journal.raw))

    def test_of_all_records_stay_below_the_bound(self, journal: Journal) -> None:
        journal.options["limits"] = Limits(limit_bytes=10_000)
        journal.append("STARTED", "a")
        for _ in range(20):
            self.chunk(journal, 1500)
        assert 8_000 < self.held(journal) <= 10_000
        assert journal.client.hget(journal.keys.head, "bytes") == str(self.held(journal)).encode()

    def test_one_large_event_takes_the_place_of_many(self, journal: Journal) -> None:
        journal.options["limits"] = Limits(limit_bytes=10_000)
        journal.append("STARTED", "a")
        for _ in range(30):
            self.chunk(journal, 10)
        self.chunk(journal, 9_000)
        assert [len(journal.raw) < 8, self.held(journal) <= 10_000] == [True, True]

    def test_the_newest_event_stays_whatever_its_size(self, journal: Journal) -> None:
        journal.options["limits"] = Limits(limit_bytes=1_000)
        journal.append("STARTED", "a")
        self.chunk(journal, 5_000)
        assert [record.id.seq for record in journal.records] == [2]
        self.chunk(journal, 10)
        assert [record.id.seq for record in journal.records] == [3]

    def test_the_state_is_known_though_its_record_was_dropped(self, journal: Journal) -> None:
        journal.options["limits"] = Limits(limit_bytes=2_000)
        journal.append("STARTED", "a")
        state = journal.raw[0]
        for _ in range(9):
            self.chunk(journal, 500)
        assert journal.picture() == state

    def test_are_the_default_where_nobody_has_configured_them(self, journal: Journal) -> None:
        size = MAX_VALUE_BYTES - 2
        for _ in range(DEFAULT_LIMIT_BYTES // size + 5):
            self.chunk(journal, size, limits=Limits())
        assert DEFAULT_LIMIT_BYTES - MAX_EVENT_BYTES < self.held(journal) <= DEFAULT_LIMIT_BYTES

    @pytest.mark.parametrize("later", [None, Limits(), Limits(limit_bytes=2), Limits(limit_bytes=90_000)])
    def test_of_the_first_writer_hold_whoever_comes_later(
        self, journal: Journal, later: Limits | None
    ) -> None:
        journal.send(limits=Limits(limit_bytes=10_000))
        for _ in range(20):
            self.chunk(journal, 1500, limits=later)
        assert 8_000 < self.held(journal) <= 10_000

    def test_begin_anew_with_the_journal(self, journal: Journal) -> None:
        journal.append("STARTED", "a")
        journal.append("FAILURE", "a")
        journal.append("STARTED", "b")
        assert journal.client.hget(journal.keys.head, "bytes") == str(self.held(journal)).encode()

    def test_of_an_earlier_versions_records_are_not_counted(self, journal: Journal) -> None:
        journal.options["limits"] = Limits(limit_bytes=10_000)
        journal.append("STARTED", "a")
        for _ in range(5):
            self.chunk(journal, 1500)
        journal.client.hdel(journal.keys.head, "bytes")
        journal.client.hset(journal.keys.head, "limits", "- - 0 0")
        for _ in range(20):
            self.chunk(journal, 1500)
        assert self.held(journal) <= 10_000 + 8_000
        assert journal.client.hget(journal.keys.head, "limits") == b"- - 0 0 10000"


class TestAJournalOfTheVersionBefore:
    """Its writers had limits of their own, which the head does not tell."""

    HELD = DEFAULT_LIMIT + 300

    @pytest.fixture
    def old(self, journal: Journal) -> Journal:
        journal.options["limits"] = Limits(limit=5000, expires=HOUR)
        fill(journal, self.HELD)
        journal.append("PROGRESS", "a", "progress")
        as_the_version_before_left_it(journal)
        return journal

    def test_is_not_cut_below_what_it_holds(self, old: Journal) -> None:
        for tell in (ask_to_stop, lose):
            assert tell(old).verdict is Verdict.APPENDED
            assert len(old.records) == self.HELD + 1

    def test_is_as_bounded_as_any(self, journal: Journal) -> None:
        fill(journal, DEFAULT_LIMIT)
        as_the_version_before_left_it(journal)
        ask_to_stop(journal)
        assert len(journal.records) == DEFAULT_LIMIT

    def test_lives_as_long_as_before_when_others_end_it_and_the_result_with_it(self, old: Journal) -> None:
        lose(old)
        assert all(HOUR - 120 < life <= HOUR for life in lives(old))

    def test_lives_for_ever_if_it_did(self, journal: Journal) -> None:
        journal.append("STARTED", "a")
        as_the_version_before_left_it(journal)
        lose(journal)
        assert lives(journal) == [-1, -1, -1]

    def test_has_the_limits_of_the_next_writer_that_has_some(self, old: Journal) -> None:
        old.append("PROGRESS", "a", "progress")
        fill(old, 100, limits=None)
        ask_to_stop(old)
        assert old.records[0].id.seq == 1


class TestTheExpiry:
    def test_begins_with_the_end(self, journal: Journal) -> None:
        """Until then the task is known, and its tombstone does not say that it has ended."""
        journal.send(limits=Limits(keep=60, expires=HOUR))
        journal.append("STARTED", "a", limits=Limits(keep=60, expires=HOUR))
        assert all(OPEN_EXPIRES - 120 < life <= OPEN_EXPIRES for life in lives(journal)[1:])
        assert tombstone_of(journal) > OPEN_EXPIRES
        assert journal.client.get(journal.keys.tombstone) == b"%d open" % journal.records[0].id.epoch
        last = journal.append("SUCCESS", "a", limits=Limits(keep=60, expires=HOUR)).id
        assert all(HOUR - 120 < life <= HOUR for life in lives(journal))
        assert journal.client.get(journal.keys.tombstone) == b"%d" % last.epoch

    def test_may_be_later_than_that_of_open_journals(self, journal: Journal) -> None:
        journal.send(limits=Limits(expires=2 * OPEN_EXPIRES))
        assert all(life > OPEN_EXPIRES for life in lives(journal)[1:])

    def test_of_an_end_that_others_tell_is_the_applications(self, journal: Journal) -> None:
        journal.send(limits=Limits(keep=60, expires=HOUR))
        journal.client.expire(journal.keys.head, 600)  # as if it had waited for long
        journal.client.expire(journal.keys.log, 600)
        revoke(journal)
        assert all(HOUR - 120 < life <= HOUR for life in lives(journal))
        assert HOUR - 60 < tombstone_of(journal) <= HOUR + 60

    def test_of_a_tombstone_is_the_first_writers(self, journal: Journal) -> None:
        journal.send(limits=Limits(keep=60, expires=HOUR))
        journal.append("SUCCESS", "a", limits=Limits(keep=9 * HOUR, expires=HOUR))
        assert HOUR - 60 < tombstone_of(journal) <= HOUR + 60

    def test_of_a_failure_that_others_tell_is_that_of_failures(self, journal: Journal) -> None:
        journal.append("STARTED", "a", limits=Limits(expires=HOUR, failure_expires=9 * HOUR))
        lose(journal)
        assert all(9 * HOUR - 120 < life <= 9 * HOUR for life in lives(journal))
        assert tombstone_of(journal) == pytest.approx(9 * HOUR + DEFAULT_KEEP, abs=120)

    def test_of_a_task_that_waited_for_one_which_did_not_succeed_is_that_of_failures(
        self, journal: Journal
    ) -> None:
        journal.send(waiting=True, limits=Limits(expires=HOUR, failure_expires=9 * HOUR))
        end_dependents([journal.task_id], names, journal.writer.append)
        assert journal.states == ["PENDING", "FAILURE"]
        assert all(9 * HOUR - 120 < life <= 9 * HOUR for life in lives(journal)[1:])

    def test_may_be_never(self, journal: Journal) -> None:
        journal.send(limits=Limits(expires=HOUR))
        journal.append("STARTED", "a", limits=Limits(expires=0))
        lose(journal)
        assert lives(journal) == [-1, -1, -1]

    def test_is_the_newest_writers_as_with_celerys_results(self, journal: Journal) -> None:
        """A sender may be configured otherwise than the worker, which stores the result."""
        journal.send(limits=Limits(expires=HOUR))
        journal.append("STARTED", "a", limits=Limits(expires=2 * HOUR))
        lose(journal)
        assert all(2 * HOUR - 120 < life <= 2 * HOUR for life in lives(journal))

    def test_waits_for_an_eta(self, journal: Journal) -> None:
        journal.send(limits=Limits(expires=HOUR), delay=7 * HOUR)
        longest = OPEN_EXPIRES + 7 * HOUR
        assert all(longest - 120 < life <= longest for life in lives(journal)[1:])
        revoke(journal)
        assert all(HOUR - 120 < life <= HOUR for life in lives(journal))

    def test_is_not_put_off_by_what_others_tell_in_between(self, journal: Journal) -> None:
        journal.append("STARTED", "a", limits=Limits(expires=HOUR))
        journal.client.expire(journal.keys.head, 600)
        ask_to_stop(journal)
        assert 0 < lives(journal)[1] <= 600


def test_only_applications_have_limits() -> None:
    """The dashboard's journal is the gateway's own; to those of the tasks it has none to bring."""
    makers = {
        path.stem
        for package in ("taskbeam", "app")
        for path in (ROOT / package).rglob("*.py")
        if re.search(r"^from \S*limits import .*\bLimits\b", path.read_text(), re.MULTILINE)
    }
    assert makers == {"options", "publisher"}


class TestOptions:
    def test_what_is_not_configured_is_not_said(self) -> None:
        assert Options.of(None).limits(60, 60).encoded == "- - 60 60 -"
        configured = {"limit": 7, "keep": 0, "limit_bytes": 900}
        assert Options.of(configured).limits(60, 0).encoded == "7 0 60 0 900"

    def test_a_failure_expires_as_anything_else(self) -> None:
        assert Limits(limit=1, expires=5).encoded == "1 - 5 5 -"
