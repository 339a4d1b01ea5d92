"""What the feeds of a cluster are still to be told, and when. The servers are played here."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest
from redis.exceptions import ConnectionError, NoPermissionError, ResponseError  # noqa: A004

from taskbeam.celery import untold_feeds
from taskbeam.celery.untold_feeds import UntoldFeeds
from taskbeam.cluster.feed_teller import NotToldError
from taskbeam.journal.failed_steps import FailedSteps
from taskbeam.journal.feeds.telling import TaskLack
from taskbeam.journal.keys import task_keys
from tests.support.waiting import DEADLINE, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from taskbeam.journal.feeds.telling import Lack

TASK, FEED, SERVER = "a-task", "owner:ada", "a server"
AWAY = NotToldError(SERVER, ConnectionError("a master that is away"))


def lacking(feed: str) -> TaskLack:
    return TaskLack(task_keys(TASK), feed)


class Told:
    """Is told feeds once it is open; until then each call fails as ``error`` says."""

    def __init__(self, error: NotToldError = AWAY) -> None:
        self.error = error
        self.tried, self.opened = threading.Event(), threading.Event()
        self.feeds: list[str] = []

    def again(self, lack: Lack) -> None:
        self.tried.set()
        if not self.opened.is_set():
            raise self.error
        self.feeds.append(lack.feed)


@pytest.fixture
def untold() -> UntoldFeeds:
    return UntoldFeeds()


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(untold_feeds, "PAUSE", 0.01)


@pytest.fixture
def told(untold: UntoldFeeds) -> Iterator[Told]:
    made = Told()
    yield made
    made.opened.set()
    untold.drain(DEADLINE)


def test_a_process_that_ends_waits_until_feeds_are_told(untold: UntoldFeeds, told: Told) -> None:
    untold.keep(told.again, lacking(FEED), SERVER)
    ending = threading.Thread(target=untold.drain, args=(DEADLINE,))
    ending.start()
    assert told.tried.wait(DEADLINE)
    assert ending.is_alive()
    told.opened.set()
    ending.join(DEADLINE)
    assert told.feeds == [FEED]
    assert not ending.is_alive()


def test_what_is_kept_while_the_same_is_told_is_told_again(untold: UntoldFeeds) -> None:
    """The task goes on when its journal is read already."""
    read: list[str] = []

    def read_journal(lack: Lack) -> None:
        read.append(lack.feed)
        if len(read) == 1:
            untold.keep(read_journal, lack, SERVER)

    untold.keep(read_journal, lacking(FEED), SERVER)
    untold.drain(DEADLINE)
    assert read == [FEED, FEED]


def test_it_waits_no_longer_than_it_may_and_says_what_is_left(
    untold: UntoldFeeds, told: Told, caplog: pytest.LogCaptureFixture
) -> None:
    untold.keep(told.again, lacking(FEED), SERVER)
    untold.drain(0.0)
    assert "before 1 feeds are up to date" in caplog.text


def test_a_server_that_hangs_delays_its_own_feeds_alone(untold: UntoldFeeds) -> None:
    answers, goes_on = threading.Event(), Told()
    goes_on.opened.set()

    def hang(_: Lack) -> None:
        answers.wait(DEADLINE)

    untold.keep(hang, lacking("owner:of one that hangs"), "hangs")
    untold.keep(goes_on.again, lacking(FEED), SERVER)
    wait_until(lambda: goes_on.feeds == [FEED])
    assert (untold.waits_for("hangs"), untold.waits_for(SERVER)) == (True, False)
    answers.set()
    untold.drain(DEADLINE)


def test_what_waits_for_another_server_is_in_nobodys_way(untold: UntoldFeeds, told: Told) -> None:
    """The feed's server answers; that of the task, which the feed lacks, does not."""
    untold.keep(told.again, lacking(FEED), "the server of the feed")
    wait_until(lambda: untold.waits_for(SERVER))
    wait_until(lambda: not untold.waits_for("the server of the feed"))


def test_a_slot_that_moves_is_in_no_other_ones_way(untold: UntoldFeeds) -> None:
    halves = Told(NotToldError(SERVER, ResponseError("TRYAGAIN keys in halves")))
    whole = Told()
    whole.opened.set()
    untold.keep(halves.again, lacking("owner:of the slot"), SERVER)
    untold.keep(whole.again, lacking(FEED), SERVER)
    wait_until(lambda: whole.feeds == [FEED])
    halves.opened.set()
    untold.drain(DEADLINE)
    assert halves.feeds == ["owner:of the slot"]


@pytest.mark.parametrize(
    "refusal", [ResponseError("WRONGTYPE not a hash"), NoPermissionError("this user may not")]
)
def test_what_will_not_be_taken_is_not_kept_and_is_counted(
    untold: UntoldFeeds, monkeypatch: pytest.MonkeyPatch, refusal: ResponseError
) -> None:
    counted = FailedSteps()
    monkeypatch.setattr(untold_feeds, "failed_steps", counted)
    error = NotToldError(SERVER, refusal)
    for _ in range(3):
        untold.failed(Told(error).again, lacking(FEED), error)
    assert not len(untold)
    untold.keep(Told(error).again, lacking(FEED), SERVER)  # as one that was away until now
    untold.drain(DEADLINE)
    assert not len(untold)
    assert [(step, times) for (step, _), times in counted.counts.items()] == [("tell the feed", 4)]


def test_what_there_is_no_room_for_is_counted_and_logged(
    untold: UntoldFeeds, told: Told, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(untold_feeds, "MOST", 2)
    for number in range(6):
        untold.keep(told.again, lacking(f"tag:{number}"), SERVER)
    assert (len(untold), untold.dropped) == (2, 4)
    assert [record.task_id for record in caplog.records] == [TASK]  # type: ignore[attr-defined]
    assert f"Dropped an update of feed tag:2 of task {TASK}" in caplog.text


def test_what_is_kept_already_takes_no_more_room(
    untold: UntoldFeeds, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor does what is found to wait for another server."""
    monkeypatch.setattr(untold_feeds, "MOST", 1)
    for _ in range(3):
        untold.keep(told.again, lacking(FEED), "the server of the feed")
    wait_until(lambda: untold.waits_for(SERVER))
    told.opened.set()
    untold.drain(DEADLINE)
    assert (told.feeds, untold.dropped) == ([FEED], 0)
