"""The ends that Redis did not take: kept in order, in bounded memory, sent again. A Redis is played here."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import TYPE_CHECKING, cast

import pytest
from redis.exceptions import ConnectionError  # noqa: A004

from taskbeam.celery import kept_ends as module
from taskbeam.celery.kept_ends import KeptEnds
from taskbeam.celery.outbox import Outbox
from taskbeam.journal.entry import Entry
from taskbeam.journal.feeds.canvas_news import ErrbacksSent
from taskbeam.journal.feeds.names import FEED
from taskbeam.journal.keys import task_keys
from taskbeam.presence.presence import presence

from .waiting import DEADLINE, until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from taskbeam.celery.outbox import Connections
    from taskbeam.journal.writer import Writer


class Server:
    """Takes what comes once it is ``open``."""

    def __init__(self) -> None:
        self.open = threading.Event()
        self.tries = 0
        self.took: list[str] = []
        self.faulty: set[str] = set()
        self._kept: list[KeptEnds] = []

    def kept_ends(self, **bounds: int) -> KeptEnds:
        """What keeps ends for it."""
        kept = KeptEnds(**bounds)
        self._kept.append(kept)
        return kept

    def take_all(self) -> None:
        """When a test is over: what it has kept is told, and its threads say nothing any more."""
        self.faulty.clear()
        self.open.set()
        for kept in self._kept:
            kept.drain(DEADLINE)
            assert not len(kept)

    def tell(self, entry: Entry) -> None:
        self.tries += 1
        if entry.task_id in self.faulty:
            raise ValueError("a fault of this entry")
        if not self.open.is_set():
            raise ConnectionError("READONLY You can't write against a read only replica.")
        self.took.append(entry.task_id)


def end(task_id: str, state: str = "SUCCESS", meta: bytes = b"") -> Entry:
    return Entry(keys=task_keys(task_id), task_id=task_id, type="state", state=state, final=True, meta=meta)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setattr(module, "LAST_PAUSE", 0.02)
    monkeypatch.setattr(module, "FIRST_PAUSE", 0.01)
    played = Server()
    yield played
    played.take_all()


def test_one_server_that_is_away_holds_up_no_other(server: Server) -> None:
    other = Server()
    other.open.set()
    kept = server.kept_ends()
    for number in range(3):
        kept.keep(end(f"here {number}"), server.tell, lambda: "here", may_wait=False)
        kept.keep(end(f"there {number}"), other.tell, lambda: "there", may_wait=False)
    until(lambda: len(other.took) == 3)
    assert other.took == ["there 0", "there 1", "there 2"]
    assert server.took == []
    server.open.set()
    until(lambda: len(server.took) == 3)
    assert server.took == ["here 0", "here 1", "here 2"]


def test_they_are_told_in_order_when_redis_takes_them(
    server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    kept = server.kept_ends()
    ends = [kept.keep(end(name), server.tell, may_wait=True) for name in ("a", "b", "a", "c")]
    until(lambda: server.tries > 3)
    assert kept.holds("a")
    assert not kept.holds("d")
    server.open.set()
    until(lambda: not len(kept))
    assert server.took == ["a", "b", "a", "c"]
    assert all(each is not None and each.told.wait(DEADLINE) for each in ends)
    assert not kept.holds("a")
    # Once why, and once that it is over, however often it was tried.
    assert [record.message.split(":")[0] for record in caplog.records] == [
        "Task a",
        "Redis takes the ends of tasks again",
    ]
    assert "READONLY" in caplog.text


def test_what_is_told_behind_an_end_waits_for_it_also_while_that_is_being_told() -> None:
    kept, told = KeptEnds(), []
    telling, goes_on = threading.Event(), threading.Event()

    def tell(entry: Entry) -> None:
        telling.set()
        assert goes_on.wait(DEADLINE)
        told.append(entry.task_id)

    def behind() -> None:
        told.append("behind a")
        assert kept.tell_behind("a", lambda: told.append("behind that"))

    kept.keep(end("a"), tell, may_wait=True)
    assert telling.wait(DEADLINE)
    assert kept.tell_behind("a", behind)
    assert not kept.tell_behind("b", behind)
    goes_on.set()
    kept.drain(DEADLINE)
    assert told == ["a", "behind a", "behind that"]
    assert not kept.tell_behind("a", behind)


def test_that_errbacks_are_sent_is_told_behind_the_failure_of_their_task(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The task's server is away; that of its tree is not."""
    monkeypatch.setattr(presence, "active", True)

    class Servers:
        """As connections, and as what writes over them."""

        busy = False
        is_back = threading.Event()
        told: list[str] = []  # noqa: RUF012 # of one test

        def server(self, key: str) -> str:
            return "of the tree" if FEED in key else "of the task"

        def answers(self, _: str) -> bool:
            return self.is_back.is_set()

        def serves(self, _: str) -> bool:
            return True

        def append(self, entry: Entry) -> None:
            if not self.is_back.is_set():
                raise ConnectionError("away")
            self.told.append(entry.state)

        def tell_canvas(self, news: ErrbacksSent) -> None:
            self.told.append(str(news))

        def close(self) -> None:
            pass

    def none(*_: object) -> None:
        raise NotImplementedError

    servers = Servers()
    outbox = Outbox(cast("Connections", servers), none, none, lambda **_: cast("Writer", servers))
    failure, news = end("a", "FAILURE"), ErrbacksSent(task_keys("a"), "a tree")
    outbox.write(failure)
    outbox.tell_canvas(news)
    outbox.tell_canvas(replace(news, keys=task_keys("b")))
    assert servers.told == ["feed tree:a tree of task b"]
    servers.is_back.set()
    module.kept_ends.drain(DEADLINE)
    assert servers.told[1:] == ["FAILURE", "feed tree:a tree of task a"]


def test_one_that_fails_for_a_reason_of_its_own_is_not_in_the_way(server: Server) -> None:
    kept = server.kept_ends()
    server.open.set()
    server.faulty.add("a")
    for name in "abc":
        kept.keep(end(name), server.tell, may_wait=True)
    until(lambda: server.took == ["b", "c"])
    assert kept.holds("a")
    server.faulty.clear()
    until(lambda: server.took == ["b", "c", "a"])


class TestBounds:
    def test_a_task_waits_until_there_is_room(self, server: Server) -> None:
        kept = server.kept_ends(most_ends=2)
        for name in "ab":
            kept.keep(end(name), server.tell, may_wait=True)
        task = threading.Thread(target=kept.keep, args=(end("c"), server.tell), kwargs={"may_wait": True})
        task.start()
        until(lambda: server.tries > 3)
        assert len(kept) == 2
        assert task.is_alive()
        server.open.set()
        task.join(DEADLINE)
        until(lambda: server.took == ["a", "b", "c"])

    def test_who_may_not_wait_loses_it_by_name(
        self, server: Server, caplog: pytest.LogCaptureFixture
    ) -> None:
        kept = server.kept_ends(most_ends=1)
        kept.keep(end("a"), server.tell, may_wait=False)
        assert kept.keep(end("b", "FAILURE"), server.tell, may_wait=False) is None
        assert "Task b: its FAILURE is lost" in caplog.text

    def test_bytes_count_too_but_a_single_end_always_fits(self, server: Server) -> None:
        kept = server.kept_ends(most_bytes=100)
        assert kept.keep(end("a", meta=b"x" * 1000), server.tell, may_wait=False) is not None
        assert kept.keep(end("b", meta=b"x"), server.tell, may_wait=False) is None
        server.open.set()
        until(lambda: not len(kept))
        assert kept.keep(end("c", meta=b"x" * 90), server.tell, may_wait=False) is not None


class TestTheEndOfTheProcess:
    def test_it_waits_until_all_are_told(self, server: Server) -> None:
        kept = server.kept_ends()
        kept.keep(end("a"), server.tell, may_wait=True)
        threading.Timer(0.1, server.open.set).start()
        kept.drain(DEADLINE)
        assert server.took == ["a"]

    def test_or_until_its_time_is_over_and_names_what_is_lost(
        self, server: Server, caplog: pytest.LogCaptureFixture
    ) -> None:
        kept = server.kept_ends()
        for name in "ab":
            kept.keep(end(name), server.tell, may_wait=True)
        kept.drain(0.05)
        kept._name_lost()  # as Python does when the interpreter ends
        for name in "ab":
            assert caplog.text.count(f"Task {name}: its SUCCESS is lost") == 1

    def test_or_until_it_is_to_stop_at_once(self, server: Server) -> None:
        kept = server.kept_ends()
        kept.keep(end("a"), server.tell, may_wait=True)
        kept.drain(DEADLINE * 10, stop=lambda: True)

    def test_with_nothing_to_tell_it_says_nothing(self, caplog: pytest.LogCaptureFixture) -> None:
        KeptEnds().drain(DEADLINE)
        assert not caplog.records
