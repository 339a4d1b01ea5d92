"""The append script's rules for a task that waits for another one, on a real server."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from taskbeam.journal.dependents import end_dependents
from taskbeam.journal.entry import Verdict
from tests.support.results import names

if TYPE_CHECKING:
    from taskbeam.journal.entry import Appended

    from .journal import Journal

APPENDED, REFUSED = Verdict.APPENDED, Verdict.REFUSED


def wait(journal: Journal) -> Appended:
    """As when the task before it is sent."""
    return journal.send(waiting=True)


def end(journal: Journal, state: str = "FAILURE") -> Appended:
    """As when the task before it ends without success."""
    return journal.append(state, only="waiting", meta=b"")


def test_it_is_told_once_by_however_many_messages(journal: Journal) -> None:
    assert [wait(journal).verdict for _ in range(3)] == [APPENDED, REFUSED, REFUSED]


def test_it_is_told_again_when_it_is_sent(journal: Journal) -> None:
    waiting = wait(journal).id
    sent = journal.send()
    assert (sent.verdict, sent.id) == (APPENDED, waiting._replace(seq=2))
    assert journal.send().verdict is REFUSED
    journal.append("STARTED", "a")
    assert journal.states == ["PENDING", "PENDING", "STARTED"]


def test_it_ends_with_the_one_before(journal: Journal) -> None:
    wait(journal)
    assert end(journal).verdict is APPENDED
    assert end(journal).verdict is REFUSED
    assert wait(journal).verdict is REFUSED
    assert journal.states == ["PENDING", "FAILURE"]


@pytest.mark.parametrize("sent", ["PENDING", "STARTED", "SUCCESS"])
def test_it_does_not_end_so_once_it_was_sent(journal: Journal, sent: str) -> None:
    wait(journal)
    journal.send() if sent == "PENDING" else journal.append(sent, "a")
    assert end(journal).verdict is REFUSED


def test_it_begins_anew_when_the_one_before_succeeds_after_all(journal: Journal) -> None:
    wait(journal)
    ended = end(journal)
    sent = journal.send()
    assert sent.verdict is APPENDED
    assert sent.id.epoch > ended.id.epoch


def test_one_that_was_revoked_while_it_waited_stays_so(journal: Journal) -> None:
    """It is sent all the same, and the worker that meets it drops it."""
    wait(journal)
    journal.append("REVOKED", only="queued")
    assert journal.send().verdict is REFUSED
    assert journal.states == ["PENDING", "REVOKED"]
    assert journal.append("STARTED", "a").verdict is Verdict.REVOKED
    assert journal.states == ["PENDING", "REVOKED"]


def test_what_celery_stores_of_it_later_is_stored(journal: Journal) -> None:
    """A chord's body fails, for Celery, when the last task of the header has returned."""
    wait(journal)
    end(journal)
    assert journal.stored is None
    assert journal.append("FAILURE").verdict is REFUSED
    assert journal.stored == b"FAILURE"


@pytest.mark.parametrize("state", ["FAILURE", "REVOKED", "IGNORED", "LOST"])
def test_whoever_ends_the_one_before_learns_who_waits(journal: Journal, state: str) -> None:
    """Also in the answer that is asked for once more, and when somebody else was first."""
    journal.send(next="one")
    assert journal.append("STARTED", "a").dependents == ()
    entry = journal.entry(state, "a")
    answers = [journal.writer.append(entry), journal.writer.append(entry)]
    answers.append(journal.append("REVOKED", only="queued"))
    assert [answer.dependents for answer in answers] == [("one",)] * 3


def test_nobody_is_unmet_after_a_success(journal: Journal) -> None:
    journal.send(next="one")
    assert journal.append("SUCCESS", "a").dependents == ()
    assert journal.append("FAILURE", "b").dependents == ()


def test_who_waits_is_known_in_another_life_too(journal: Journal) -> None:
    journal.send(next="one")
    journal.append("FAILURE", "a")
    journal.append("STARTED", "b")
    assert journal.append("FAILURE", "b").dependents == ("one",)


@pytest.mark.usefixtures("valkey")  # in memory nothing is encoded
def test_the_head_of_a_link_stays_compact(journal: Journal) -> None:
    journal.send(waiting=True, next="0b87a1d6-9a0e-4c1b-8f6e-5a2f7d1c3e4b")
    assert journal.client.object("encoding", journal.keys.head) == b"listpack"


class TestAGroupThatWaits:
    """Its first task stands for it: the others are kept beside it."""

    @staticmethod
    def wait(journal: Journal) -> None:
        journal.send(waiting=True, next="after", beside=["second", "third"])

    def test_whoever_ends_it_learns_of_the_others(self, journal: Journal) -> None:
        self.wait(journal)
        assert end(journal).dependents == ("after", "second", "third")

    def test_it_passes_that_on_once(self, journal: Journal) -> None:
        """Each task of a header may fail."""
        self.wait(journal)
        end(journal)
        assert [end(journal).dependents for _ in range(3)] == [()] * 3

    @pytest.mark.parametrize("cancelled", [True, False])
    def test_it_passes_that_on_to_who_lost_the_reply(self, journal: Journal, *, cancelled: bool) -> None:
        self.wait(journal)
        if cancelled:
            journal.append("REVOKED", only="queued")
        entry = journal.entry("FAILURE", only="waiting", meta=b"")
        answers = [journal.writer.append(entry), journal.writer.append(entry)]
        assert [answer.dependents for answer in answers] == [("after", "second", "third")] * 2

    def test_one_that_is_cancelled_ends_none_of_the_others(self, journal: Journal) -> None:
        self.wait(journal)
        assert journal.append("REVOKED", only="queued").dependents == ("after",)

    def test_they_end_though_the_first_was_cancelled(self, journal: Journal) -> None:
        self.wait(journal)
        journal.append("REVOKED", only="queued")
        assert end(journal).dependents == ("after", "second", "third")

    def test_once_it_is_sent_it_stands_for_none(self, journal: Journal) -> None:
        self.wait(journal)
        journal.send()
        assert end(journal).dependents == ()

    def test_an_older_version_named_them_all_with_each_task_before(self, journal: Journal) -> None:
        journal.send(next="one")
        journal.client.hset(journal.keys.head, "next", "one\nother")
        assert journal.append("FAILURE", "a").dependents == ("one", "other")


def test_the_operator_finds_the_end_by_its_ref(journal: Journal, caplog: pytest.LogCaptureFixture) -> None:
    wait(journal)
    end_dependents([journal.task_id], names, journal.writer.append)
    assert journal.events[-1]["error"]["ref"] in caplog.text
