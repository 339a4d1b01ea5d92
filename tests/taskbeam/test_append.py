"""The append script on a real server: one class per rule."""

from __future__ import annotations

import pickle
import time
from typing import TYPE_CHECKING

import pytest

from taskbeam.journal.entry import Verdict
from taskbeam.journal.events import EventId, Record
from taskbeam.journal.limits import Limits

from .journal import COMPACT

if TYPE_CHECKING:
    from .journal import Journal

APPENDED, REPEATED, REFUSED = Verdict.APPENDED, Verdict.REPEATED, Verdict.REFUSED
FINAL = ["SUCCESS", "FAILURE", "REVOKED"]


class TestNumbers:
    def test_ids_begin_at_one_and_have_no_holes(self, journal: Journal) -> None:
        journal.send()
        for state in ("STARTED", "PROGRESS", "PROGRESS"):
            journal.append(state, "a")
        journal.say("a")
        journal.append("SUCCESS", "a")
        assert [record.id.seq for record in journal.records] == [1, 2, 3, 4, 5, 6]
        assert len({record.id.epoch for record in journal.records}) == 1

    def test_the_epoch_is_the_time_of_birth_in_milliseconds(self, journal: Journal) -> None:
        seconds, micros = journal.client.time()
        epoch = journal.send().id.epoch
        assert 0 <= epoch - (seconds * 1000 + micros // 1000) < 5000

    def test_the_writer_is_told_the_id_that_the_record_and_its_body_have(self, journal: Journal) -> None:
        appended = journal.send()
        assert appended.verdict is APPENDED
        assert journal.records[0].id == appended.id
        assert journal.events[0]["id"] == str(appended.id)

    def test_a_refused_entry_uses_up_no_number(self, journal: Journal) -> None:
        journal.append("STARTED", "a")
        last = journal.append("SUCCESS", "a")
        refused = journal.append("PROGRESS", "a")
        assert refused.verdict is REFUSED
        assert refused.id == last.id


class TestTheRecord:
    def test_stands_as_id_final_mark_and_body(self, journal: Journal) -> None:
        journal.append("STARTED", "a", name="jobs.add", ts=17.5)
        journal.append("SUCCESS", "a", ts=18.5)
        epoch = journal.records[0].id.epoch
        assert journal.raw == [
            (
                f'{epoch}-1 0 {{"id":"{epoch}-1","task_id":"{journal.task_id}","type":"state",'
                '"state":"STARTED","name":"jobs.add","attempt":1,"ts":17.500000,"final":false}'
            ).encode(),
            (
                f'{epoch}-2 1 {{"id":"{epoch}-2","task_id":"{journal.task_id}","type":"state",'
                '"state":"SUCCESS","name":"jobs.add","attempt":1,"ts":18.500000,"final":true}'
            ).encode(),
        ]

    def test_the_name_is_kept_from_whoever_knew_it(self, journal: Journal) -> None:
        journal.append("STARTED", "a")
        journal.append("PROGRESS", "a", name="jobs.add")
        journal.append("FAILURE")  # the worker's main process may not know it
        assert [event["name"] for event in journal.events] == [None, "jobs.add", "jobs.add"]

    @pytest.mark.parametrize("state", ['QUO"TED', "京都", "back\\slash", "a/b"])
    def test_a_state_may_be_any_text(self, journal: Journal, state: str) -> None:
        journal.append(state, "a")
        assert journal.states == [state]

    def test_what_leaves_the_state_as_it_is_tells_the_state(self, journal: Journal) -> None:
        journal.send()
        journal.append("UPLOADING", "a")
        journal.say("a")
        assert journal.states == ["PENDING", "UPLOADING", "UPLOADING"]

    def test_a_task_that_speaks_has_started_even_if_that_was_lost(self, journal: Journal) -> None:
        journal.say("a")
        assert journal.states == ["STARTED"]


class TestAfterTheEnd:
    @pytest.mark.parametrize("end", FINAL)
    @pytest.mark.parametrize("later", ["STARTED", "PROGRESS", "RETRY", "PENDING", *FINAL])
    def test_the_same_run_changes_nothing(self, journal: Journal, end: str, later: str) -> None:
        journal.append("STARTED", "a")
        journal.append(end, "a")
        records = journal.records
        with journal.watched() as heard:
            assert journal.append(later, "a").verdict is REFUSED
            assert journal.say("a").verdict is REFUSED
        assert heard == []
        assert (journal.states, journal.stored) == (["STARTED", end], end.encode())
        assert [record.body for record in journal.records] == [record.body for record in records]

    @pytest.mark.parametrize("end", ["FAILURE", "REVOKED"])
    @pytest.mark.parametrize("run", ["", "a"])
    def test_an_end_that_the_main_process_tells_again_is_refused(
        self, journal: Journal, end: str, run: str
    ) -> None:
        """Celery writes FAILURE twice on a hard time limit, REVOKED twice on a revoke."""
        journal.append("STARTED", "a")
        journal.append(end, run)
        with journal.watched() as heard:
            assert journal.append(end).verdict is REFUSED
        assert heard == []


class TestSuccessSticks:
    @pytest.mark.parametrize("run", ["", "a", "b"])
    @pytest.mark.parametrize("later", ["STARTED", "PROGRESS", "RETRY", *FINAL])
    def test_whoever_comes_and_whatever_they_say(self, journal: Journal, run: str, later: str) -> None:
        journal.append("SUCCESS", "a")
        assert journal.append(later, run).verdict is REFUSED
        assert journal.stored == b"SUCCESS"

    def test_even_when_the_task_is_sent_again(self, journal: Journal) -> None:
        journal.append("SUCCESS", "a")
        assert journal.send().verdict is REFUSED


class TestANewRunAfterAFailure:
    def test_opens_a_new_life_of_the_journal_as_the_next_attempt(self, journal: Journal) -> None:
        old = journal.append("STARTED", "a", name="jobs.add")
        journal.append("FAILURE", "a")
        new = journal.append("STARTED", "b")
        assert new.verdict is APPENDED
        assert new.id.epoch > old.id.epoch
        assert new.id.seq == 1
        assert [(event["state"], event["attempt"], event["name"]) for event in journal.events] == [
            ("STARTED", 2, "jobs.add")
        ]

    def test_even_within_the_same_millisecond(self, journal: Journal) -> None:
        epochs = [journal.append("FAILURE", run).id.epoch for run in map(str, range(100))]
        assert epochs == sorted(set(epochs))

    def test_may_succeed(self, journal: Journal) -> None:
        journal.append("FAILURE", "a")
        journal.append("STARTED", "b")
        assert journal.append("SUCCESS", "b").verdict is APPENDED
        assert journal.stored == b"SUCCESS"

    def test_does_not_inherit_the_end_if_its_start_was_lost(self, journal: Journal) -> None:
        journal.append("FAILURE", "a")
        journal.say("b")
        assert journal.states == ["STARTED"]
        assert not journal.records[0].final

    def test_a_task_that_is_sent_again_begins_with_attempt_one(self, journal: Journal) -> None:
        journal.append("FAILURE", "a")
        assert journal.send().verdict is APPENDED
        journal.append("STARTED", "b")
        assert [event["attempt"] for event in journal.events] == [1, 1]


class TestRetry:
    def test_ends_its_run_and_the_next_run_is_the_next_attempt(self, journal: Journal) -> None:
        journal.append("STARTED", "a")
        journal.append("RETRY", "a")
        journal.append("STARTED", "b")
        journal.append("RETRY", "b")
        journal.append("SUCCESS", "c")
        assert [event["attempt"] for event in journal.events] == [1, 1, 2, 2, 3]
        assert [record.id.seq for record in journal.records] == [1, 2, 3, 4, 5]

    def test_a_helper_thread_of_the_run_has_nothing_more_to_say(self, journal: Journal) -> None:
        journal.append("STARTED", "a")
        journal.append("RETRY", "a")
        assert journal.append("PROGRESS", "a").verdict is REFUSED
        assert journal.stored == b"RETRY"

    def test_what_the_run_says_after_its_retry_is_told_until_the_next_one_begins(
        self, journal: Journal
    ) -> None:
        """As in `on_retry`, and from a thread that has not ended yet. It tells no state any more."""
        journal.append("STARTED", "a")
        journal.append("RETRY", "a")
        assert journal.say("a", "data").verdict is APPENDED
        assert journal.append("PROGRESS", "a").verdict is REFUSED
        journal.append("STARTED", "b")
        assert journal.say("a", "log").verdict is REFUSED
        told = [(event["type"], event["state"], event["attempt"]) for event in journal.events]
        assert told == [
            ("state", "STARTED", 1),
            ("state", "RETRY", 1),
            ("data", "RETRY", 1),
            ("state", "STARTED", 2),
        ]

    def test_a_retry_told_by_the_main_process_ends_the_run_too(self, journal: Journal) -> None:
        journal.append("STARTED", "a")
        journal.append("RETRY")
        assert journal.append("PROGRESS", "a").verdict is REFUSED


class TestASupersededRun:
    """A message that was delivered twice: the newest run speaks."""

    @pytest.mark.parametrize("later", ["STARTED", "PROGRESS", "RETRY", "FAILURE", "REVOKED"])
    def test_is_refused(self, journal: Journal, later: str) -> None:
        journal.append("STARTED", "a")
        journal.append("STARTED", "b")
        assert journal.append(later, "a").verdict is REFUSED
        assert journal.say("a").verdict is REFUSED
        assert journal.append("PROGRESS", "b").verdict is APPENDED
        assert [event["attempt"] for event in journal.events] == [1, 2, 2]

    def test_its_success_is_the_tasks_success(self, journal: Journal) -> None:
        journal.append("STARTED", "a")
        journal.append("STARTED", "b")
        assert journal.append("SUCCESS", "a").verdict is APPENDED
        assert journal.append("SUCCESS", "b").verdict is REFUSED
        assert journal.states == ["STARTED", "STARTED", "SUCCESS"]

    def test_its_success_is_taken_after_the_failure_of_the_newer_run(self, journal: Journal) -> None:
        journal.append("STARTED", "a")
        journal.append("STARTED", "b")
        failed = journal.append("FAILURE", "b")
        late = journal.append("SUCCESS", "a")
        assert late.verdict is APPENDED
        assert late.id.epoch > failed.id.epoch
        assert journal.stored == b"SUCCESS"

    def test_is_known_among_many(self, journal: Journal) -> None:
        runs = [f"{number:08x}" for number in range(40)]
        for run in runs:
            journal.append("STARTED", run)
        assert {journal.append("PROGRESS", run).verdict for run in runs[:-1]} == {REFUSED}
        assert journal.append("PROGRESS", runs[-1]).verdict is APPENDED


class TestPending:
    def test_begins_a_journal_and_stores_nothing_for_celery(self, journal: Journal) -> None:
        assert journal.send().verdict is APPENDED
        assert journal.stored is None

    @pytest.mark.parametrize("state", ["PENDING", "STARTED", "PROGRESS", "RETRY"])
    def test_does_nothing_to_a_journal_that_is_open(self, journal: Journal, state: str) -> None:
        """A retry is sent under the same id, and a worker may be quicker than the sender."""
        journal.append(state, "a")
        with journal.watched() as heard:
            assert journal.send().verdict is REFUSED
        assert heard == []
        assert journal.states == [state]


class TestAskingAgain:
    """A writer that lost the reply asks again, with the same token."""

    @pytest.mark.parametrize("state", ["STARTED", "PROGRESS", "RETRY", *FINAL])
    def test_gets_the_old_id_and_publishes_nothing(self, journal: Journal, state: str) -> None:
        entry = journal.entry(state, "a")
        first = journal.writer.append(entry)
        with journal.watched() as heard:
            again = journal.writer.append(entry)
        assert (again.verdict, again.id) == (REPEATED, first.id)
        assert heard == []
        assert journal.states == [state]

    def test_holds_when_others_wrote_in_between(self, journal: Journal) -> None:
        entry = journal.entry("PROGRESS", "a")
        journal.writer.append(entry)
        journal.say("a")
        journal.append("PROGRESS", "a")
        before = len(journal.records)
        assert journal.writer.append(entry).verdict is Verdict.REPEATED
        assert len(journal.records) == before
        assert len(journal.records) == 3


class TestABoundedLog:
    def test_keeps_the_newest_records_and_their_numbers(self, journal: Journal) -> None:
        journal.options["limits"] = Limits(limit=5)
        for _ in range(12):
            last = journal.append("PROGRESS", "a", "progress")
        assert [record.id.seq for record in journal.records] == [8, 9, 10, 11, 12]
        assert last.id.seq == 12

    def test_keeps_the_newest_state_when_log_lines_push_it_out(self, journal: Journal) -> None:
        journal.options["limits"] = Limits(limit=3)
        journal.append("UPLOADING", "a")
        for _ in range(2):
            journal.say("a")
        assert journal.picture() is None
        for _ in range(10):
            journal.say("a", "data")
        picture = journal.picture()
        assert picture is not None
        assert Record.parse(picture).id == EventId(journal.records[0].id.epoch, 1)

    def test_a_newer_state_takes_its_place(self, journal: Journal) -> None:
        journal.options["limits"] = Limits(limit=3)
        journal.append("UPLOADING", "a")
        for _ in range(5):
            journal.say("a")
        journal.append("PROGRESS", "a", "progress")
        assert journal.picture() is None


class TestExpiry:
    def test_the_journal_lives_as_long_as_the_result(self, journal: Journal) -> None:
        journal.append("STARTED", "a", limits=Limits(expires=60))
        journal.append("SUCCESS", "a", limits=Limits(expires=9000))
        keys = journal.keys
        lives = [journal.client.pttl(key) for key in (keys.result, keys.head, keys.log)]
        assert all(8_990_000 < life <= 9_000_000 for life in lives)

    def test_zero_is_for_ever(self, journal: Journal) -> None:
        journal.append("SUCCESS", "a")
        keys = journal.keys
        assert [journal.client.ttl(key) for key in (keys.result, keys.head, keys.log)] == [-1, -1, -1]

    def test_for_ever_holds_though_earlier_entries_had_an_end(self, journal: Journal) -> None:
        """`result_failure_expires = 0` keeps failures for good, whatever other states do."""
        journal.options["limits"] = Limits(expires=60, failure_expires=0)
        journal.append("STARTED", "a")
        journal.append("FAILURE", "a")
        keys = journal.keys
        assert [journal.client.ttl(key) for key in (keys.result, keys.head, keys.log)] == [-1, -1, -1]

    def test_an_expired_journal_begins_anew_under_a_later_epoch(self, journal: Journal) -> None:
        old = journal.append("FAILURE", "a").id
        journal.client.delete(journal.keys.head)  # as if one key had run out before the other
        while journal.client.time() <= (old.epoch // 1000, old.epoch % 1000 * 1000 + 999):
            time.sleep(0.001)
        new = journal.append("STARTED", "b").id
        assert new > EventId(old.epoch, 10**9)
        assert len(journal.records) == 1


class TestPublishing:
    def test_the_record_goes_to_our_channel_and_the_meta_to_celerys(self, journal: Journal) -> None:
        with journal.watched() as heard:
            journal.append("STARTED", "a", meta=b"celery's own")
        (record,) = journal.raw
        assert sorted(heard) == sorted(
            [(journal.keys.result, b"celery's own"), (journal.keys.channel, record)]
        )
        assert journal.stored == b"celery's own"

    def test_what_celery_does_not_store_is_not_published_on_its_channel(self, journal: Journal) -> None:
        journal.append("STARTED", "a", meta=b"celery's own")
        with journal.watched() as heard:
            journal.say("a")
        assert [channel for channel, _ in heard] == [journal.keys.channel]
        assert journal.stored == b"celery's own"


@pytest.mark.usefixtures("valkey")  # in memory nothing is encoded
class TestMemory:
    def test_the_head_of_a_usual_task_stays_compact(self, journal: Journal) -> None:
        journal.options["limits"] = Limits(limit=100_000, keep=604_800, expires=2_592_000)
        journal.send(name='"reports.generate_quarterly"')
        for run in ("0000000a", "0000000b", "0000000c"):
            journal.append("STARTED", run)
            for _ in range(30):
                journal.append("PROGRESS", run, "progress")
            journal.append("RETRY", run)
        journal.append("SUCCESS", "0000000d")
        assert journal.client.object("encoding", journal.keys.head) in COMPACT


class TestAnEndThatWasMissing:
    """Its worker says that the run is over, and not how."""

    def test_gives_way_to_its_success(self, journal: Journal) -> None:
        journal.append("STARTED", "a")
        missing = journal.append("FAILURE", "a", only="running", ends_run=True)
        late = journal.append("SUCCESS", "a")
        assert late.verdict is APPENDED
        assert late.id.epoch > missing.id.epoch
        assert journal.stored == b"SUCCESS"

    def test_and_to_nothing_else(self, journal: Journal) -> None:
        journal.append("STARTED", "a")
        journal.append("FAILURE", "a", only="running", ends_run=True)
        assert journal.append("FAILURE", "a").verdict is REFUSED
        assert journal.append("PROGRESS", "a").verdict is REFUSED


class TestARunThatNobodyWants:
    """The task was revoked, or asked to stop, before the run began."""

    @pytest.mark.parametrize("state", ["STARTED", "PROGRESS"])
    def test_hears_it_with_what_it_tells_first(self, journal: Journal, state: str) -> None:
        journal.send()
        journal.append("REVOKED", only="queued")
        with journal.watched() as heard:
            answer = journal.append(state, "a")
        assert (answer.verdict, answer.cancelled) == (Verdict.REVOKED, True)
        assert heard == []
        assert journal.states == ["PENDING", "REVOKED"]
        assert journal.stored == b"REVOKED"

    def test_also_when_it_is_the_next_try_or_the_next_delivery(self, journal: Journal) -> None:
        journal.append("STARTED", "a")
        journal.say("", "state", only="open", cancel=True)
        assert journal.append("STARTED", "b").verdict is Verdict.REVOKED
        assert journal.append("REVOKED").verdict is APPENDED

    def test_its_success_is_told_all_the_same(self, journal: Journal) -> None:
        """Its worker asked nobody: the task did run."""
        journal.send()
        journal.append("REVOKED", only="queued")
        assert journal.append("SUCCESS", "a").verdict is APPENDED
        assert journal.stored == b"SUCCESS"

    def test_a_run_that_had_begun_goes_on(self, journal: Journal) -> None:
        journal.append("STARTED", "a")
        journal.say("", "state", only="open", cancel=True)
        answer = journal.append("PROGRESS", "a")
        assert (answer.verdict, answer.cancelled) == (APPENDED, True)

    def test_a_task_that_is_sent_again_runs(self, journal: Journal) -> None:
        journal.append("REVOKED")
        journal.send()
        assert journal.append("STARTED", "a").verdict is APPENDED


SUCCESS: dict[str, bytes] = {
    "json": b'{"status": "SUCCESS", "result": 3, "traceback": null}',
    "pickle": pickle.dumps({"status": "SUCCESS", "result": 3}),
    "msgpack": b"\x85\xa6status\xa7SUCCESS\xa6result\x03",
}


class TestAStoredSuccess:
    """Of a worker that knows no journal. Celery's rule: it stays."""

    @pytest.mark.parametrize("serializer", SUCCESS)
    def test_is_not_revoked_any_more(self, journal: Journal, serializer: str) -> None:
        journal.send()
        journal.client.set(journal.keys.result, SUCCESS[serializer])
        assert journal.append("REVOKED", only="queued").verdict is REFUSED
        assert journal.append("REVOKED").verdict is REFUSED
        assert journal.say("", "state", only="open", cancel=True).verdict is REFUSED
        assert journal.stored == SUCCESS[serializer]
        assert journal.states == ["PENDING"]

    def test_is_not_lost_with_a_worker(self, journal: Journal) -> None:
        journal.append("STARTED", "a")
        journal.append("STALLED", "a", only="running", meta=b"")
        journal.client.set(journal.keys.result, SUCCESS["json"])
        assert journal.append("LOST", "a", only="stalled").verdict is REFUSED

    def test_stays_whatever_a_run_of_the_task_stores(self, journal: Journal) -> None:
        journal.client.set(journal.keys.result, SUCCESS["json"])
        for state, run in (("STARTED", "a"), ("PROGRESS", "a"), ("RETRY", "a"), ("FAILURE", "b")):
            assert journal.append(state, run).verdict is APPENDED
        assert journal.stored == SUCCESS["json"]

    @pytest.mark.parametrize(
        "stored",
        [
            b'{"status": "PROGRESS", "result": "SUCCESS"}',
            b'{"status": "SUCCESSOR", "result": null}',
            b'{"status": "FAILURE", "result": {"status": "SUCCESS"}}',
        ],
    )
    def test_is_taken_for_none_else(self, journal: Journal, stored: bytes) -> None:
        journal.append("STARTED", "a")
        journal.client.set(journal.keys.result, stored)
        assert journal.append("FAILURE").verdict is APPENDED
        assert journal.stored == b"FAILURE"
