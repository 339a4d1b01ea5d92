"""What is said of runs and queues to a cluster's slot for that: once, whatever is lost, and in any order."""

from __future__ import annotations

import socket
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest
from redis.exceptions import ConnectionError  # noqa: A004

from taskbeam.cluster import control_line
from taskbeam.cluster.control_commands import (
    begin_run,
    end_run,
    leave_queue,
    shortened,
    take_ticket,
    tell_news,
)
from taskbeam.cluster.control_line import ControlLine, Silence
from taskbeam.journal.control_keys import CLUSTER
from taskbeam.journal.entry import Appended, Entry, Place, Ran, Registration, Verdict
from taskbeam.journal.events import EventId
from taskbeam.journal.keys import task_keys
from taskbeam.journal.scripts import SAID_AGAIN
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable

    import redis
    from redis.connection import Connection

    from taskbeam.cluster.control_commands import Command

_numbers = count(1)


class Server:
    """A master that takes what is sent, and whose answers are lost as often as ``cuts`` says."""

    def __init__(self, connect: Callable[[], Connection]) -> None:
        self._connect = connect
        self.cuts = 0
        self.away = False

    def connect(self) -> Connection:
        if self.away:
            raise ConnectionError("nobody listens")
        connection = self._connect()
        self.connection = connection
        answer = connection.read_response

        def read_response(*args: Any, **kwargs: Any) -> Any:
            reply = answer(*args, **kwargs)
            if self.cuts:
                self.cuts -= 1
                raise ConnectionError("the answer is lost")
            return reply

        connection.read_response = read_response  # type: ignore[method-assign]
        return connection


class Work:
    """A run of a task, and what is said of it."""

    def __init__(self) -> None:
        number = next(_numbers)
        self.result = f"celery-task-meta-of-line-{number}"
        self.registered = Registration(runs_key=CLUSTER.runs(f"worker-{number}"), row=f"row {number}")
        self.times = CLUSTER.times(f"name-{number}")
        self.queue = CLUSTER.queue(f"queue-{number}")

    def begins(self) -> Command:
        return begin_run(self.registered, self.result)

    def ends(self) -> Command:
        entry = Entry(keys=task_keys("any"), task_id="any", type="state", ran=Ran(2.0, self.times))
        entry.keys = type(entry.keys)(self.result)
        return end_run(entry, self.registered, Appended(Verdict.APPENDED, EventId(1, 2)))


@pytest.fixture
def server(connect: Callable[[], Connection]) -> Server:
    return Server(connect)


@pytest.fixture
def line(server: Server) -> ControlLine:
    """It knows the scripts."""
    made = ControlLine(server.connect, Silence())
    made.post(tell_news("nobody"))
    made.settle()
    return made


def test_a_ticket_whose_answer_is_lost_is_taken_once(
    line: ControlLine, server: Server, client: redis.Redis
) -> None:
    work = Work()
    server.cuts = 1
    assert line.ask(take_ticket(work.queue, work.result, "a sender", 1)) == 1
    assert client.hget(work.queue.tickets, "sent") == b"1"
    assert line.ask(take_ticket(work.queue, work.result, "a sender", 2)) == 2
    assert 0 < client.ttl(CLUSTER.taken("a sender")) <= 60


def test_a_ticket_that_nobody_waits_for_is_not_taken_later(server: Server, client: redis.Redis) -> None:
    now = [0.0]
    line, work = ControlLine(server.connect, Silence(lambda: now[0])), Work()
    server.away = True
    assert line.ask(take_ticket(work.queue, work.result, "a sender", 1)) is None
    server.away, now[0] = False, control_line.PAUSE + 1
    line.post(tell_news("nobody"))
    line.settle()
    assert not client.exists(work.queue.tickets)


def test_an_end_whose_answer_is_lost_is_learnt_once(
    line: ControlLine, server: Server, client: redis.Redis
) -> None:
    work = Work()
    line.post(work.begins())
    line.settle()
    line.post(work.ends())
    server.cuts = 1
    line.settle()
    assert client.hget(work.times, "runs") == b"1"
    assert not client.exists(work.registered.runs_key)


def test_a_thread_that_was_idle_does_not_say_again_what_was_answered_long_ago(
    server: Server, client: redis.Redis
) -> None:
    """Its connection is lost meanwhile; the answer has come before."""
    now = [0.0]
    line, work = ControlLine(server.connect, Silence(), lambda: now[0]), Work()
    line.post(tell_news("nobody"))
    line.settle()  # it knows the scripts
    line.post(work.ends())
    wait_until(lambda: client.hget(work.times, "runs") == b"1")
    now[0] = SAID_AGAIN
    client.delete(CLUSTER.over(work.result))
    server.connection._sock.shutdown(socket.SHUT_WR)  # type: ignore[attr-defined]
    line.post(tell_news("nobody"))
    line.settle()
    assert client.hget(work.times, "runs") == b"1"


def test_a_run_that_is_over_is_not_registered_any_more(
    line: ControlLine, server: Server, client: redis.Redis
) -> None:
    """Its end is told by the thread of the ends that are kept, before its own thread gets a word in."""
    work, other = Work(), ControlLine(server.connect, Silence())
    other.post(work.ends())
    other.settle()
    line.post(work.begins())
    line.settle()
    assert not client.exists(work.registered.runs_key)


def test_what_there_is_no_room_for_is_counted_and_logged(
    server: Server, client: redis.Redis, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(control_line, "MOST_KEPT", 4)
    now = [0.0]
    line, works = ControlLine(server.connect, Silence(lambda: now[0])), [Work() for _ in range(6)]
    for work in works:
        client.hset(work.registered.runs_key, work.result, work.registered.row)
    server.away = True
    for work in works:
        line.post(work.ends(), tell_news(work.result))
    line.post(Work().begins())
    server.away, now[0] = False, control_line.PAUSE + 1
    line.catch_up()
    left = [client.exists(work.registered.runs_key) for work in works]
    assert left == [1, 1, 0, 0, 0, 0], "the oldest are lost"
    told = [record.getMessage() for record in caplog.records]
    assert "dropping the oldest" in told[1]
    assert told[2].endswith("; 9 changes were lost")


class TestShortened:
    def test_a_run_that_is_over_needs_no_row(self) -> None:
        over, goes_on = Work(), Work()
        assert shortened([over.begins(), goes_on.begins(), over.ends()], 2) == ([goes_on.begins()], 0)

    def test_ends_are_given_up_last(self) -> None:
        work, others = Work(), [Work() for _ in range(3)]
        left = leave_queue(Place(1, work.queue, leaves=True, begins=True), work.result)
        told = [others[0].ends(), left, tell_news("a task"), others[1].begins(), others[2].ends()]
        assert shortened(told, 3) == ([told[0], told[3], told[4]], 2)
        assert shortened(told, 1) == ([told[4]], 4)
        assert shortened(told, 5) == (told, 0)
