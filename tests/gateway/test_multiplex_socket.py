"""WebSocket for many tasks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from websockets.frames import Opcode

from taskbeam.gateway import problems
from tests.support.raw_websocket import RawWebSocket, frame, text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.gateway import Gateway
    from tests.support.journal import Journals, Task

SETTINGS = {"max_subscriptions": 3}


@pytest.fixture
def socket(served: Gateway) -> Iterator[RawWebSocket]:
    with RawWebSocket(served) as found:
        yield found


def subscribe(socket: RawWebSocket, task: Task, after: object = None) -> None:
    """Subscribe, and take the answer."""
    socket.say(op="subscribe", task_id=task.id, after=after and str(after))
    assert socket.json() == {"op": "subscribed", "task_id": task.id}


def is_alive(socket: RawWebSocket) -> bool:
    """Whether the next thing the server says is its answer to a ping."""
    socket.say(op="ping")
    return socket.json() == {"op": "pong"}


def error(problem: problems.Problem, message: str | None = None, **members: str) -> dict[str, Any]:
    return {"op": "error", "code": problem.code, "message": message or problem.title, **members}


class TestSubscribing:
    def test_events_of_many_tasks_come_on_one_socket(self, socket: RawWebSocket, journals: Journals) -> None:
        tasks = [journals.task() for _ in range(3)]
        for task in tasks:
            subscribe(socket, task)
            assert socket.body() == task.bodies()[0]
        for task in tasks:
            task.append("live")
            assert socket.body() == task.bodies()[1]

    def test_the_end_of_one_leaves_the_others(self, socket: RawWebSocket, journals: Journals) -> None:
        short, long = journals.task(), journals.task()
        for task in (short, long):
            subscribe(socket, task)
            socket.body()
        short.finish()
        assert socket.body() == short.bodies()[-1]
        assert socket.json() == {"op": "unsubscribed", "task_id": short.id, "reason": "ended"}
        long.append()
        assert socket.body() == long.bodies()[-1]

    def test_after_a_cursor(self, socket: RawWebSocket, task: Task) -> None:
        cursor = task.grow(2)[0]
        subscribe(socket, task, cursor)
        assert socket.body() == task.bodies()[2]

    def test_without_a_cursor_a_beginning_that_was_trimmed_is_a_gap(
        self, socket: RawWebSocket, journals: Journals
    ) -> None:
        task = journals.task(limit=3)
        cursor, *_ = task.grow(9)
        subscribe(socket, task)
        assert socket.json()["gap"] == {"after": f"{cursor.epoch}-0", "reason": "trimmed"}
        assert [socket.body() for _ in range(3)] == task.bodies()

    def test_after_the_end(self, socket: RawWebSocket, task: Task) -> None:
        subscribe(socket, task, task.finish())
        assert socket.json() == {"op": "unsubscribed", "task_id": task.id, "reason": "ended"}
        subscribe(socket, task)
        assert [socket.body(), socket.body()] == task.bodies()
        assert socket.json()["reason"] == "ended"

    def test_again_begins_again_without_doubling(self, socket: RawWebSocket, task: Task) -> None:
        cursor = task.append()
        for _ in range(5):
            subscribe(socket, task, cursor)
        subscribe(socket, task)
        assert [socket.body(), socket.body()] == task.bodies()
        task.append()
        assert socket.body() == task.bodies()[-1]
        assert is_alive(socket)

    def test_unsubscribing_stops_it(self, socket: RawWebSocket, task: Task) -> None:
        subscribe(socket, task, task.append())
        socket.say(op="unsubscribe", task_id=task.id)
        assert socket.json() == {"op": "unsubscribed", "task_id": task.id, "reason": "asked"}
        task.wait_for_subscribers(0)
        task.append()
        assert is_alive(socket)

    def test_unsubscribing_from_nothing_is_harmless(self, socket: RawWebSocket) -> None:
        socket.say(op="unsubscribe", task_id="nothing")
        assert socket.json() == {"op": "unsubscribed", "task_id": "nothing", "reason": "asked"}

    def test_too_many(self, socket: RawWebSocket, journals: Journals) -> None:
        first, *others = [journals.task() for _ in range(4)]
        for task in (first, *others[:2]):
            subscribe(socket, task, task.append())
        last = others[2]
        socket.say(op="subscribe", task_id=last.id)
        assert socket.json() == error(problems.TOO_MANY, task_id=last.id)
        subscribe(socket, first, first.records()[-1].id)  # not one more
        socket.say(op="unsubscribe", task_id=first.id)
        assert socket.json()["op"] == "unsubscribed"
        subscribe(socket, last)

    def test_what_ended_or_is_unknown_does_not_count(self, socket: RawWebSocket, journals: Journals) -> None:
        for _ in range(5):
            task = journals.task()
            subscribe(socket, task, task.finish())
            assert socket.json()["reason"] == "ended"
            socket.say(op="subscribe", task_id="nobody-sent-this")
            assert socket.json()["code"] == "unknown_task"
        assert is_alive(socket)


class TestBadMessages:
    """Each is answered with an error message, and the socket lives."""

    def test_an_unknown_task(self, socket: RawWebSocket) -> None:
        socket.say(op="subscribe", task_id="nobody-sent-this")
        assert socket.json() == error(problems.UNKNOWN_TASK, task_id="nobody-sent-this")
        assert is_alive(socket)

    @pytest.mark.parametrize(
        "message", ["", "no JSON", "{", "[]", "7", "null", '"subscribe"', "[" * 20_000, "9" * 5_000]
    )
    def test_no_json_object(self, socket: RawWebSocket, message: str) -> None:
        socket.send(text(message))
        assert socket.json() == error(problems.BAD_JSON)
        assert is_alive(socket)

    @pytest.mark.parametrize("op", ["publish", "", None, 7, ["ping"], {"op": "ping"}, "PING"])
    def test_an_unknown_op(self, socket: RawWebSocket, op: object) -> None:
        socket.say(op=op, task_id="some")
        assert socket.json() == error(problems.UNKNOWN_OP, task_id="some")
        socket.send(text("{}"))
        assert socket.json() == error(problems.UNKNOWN_OP)
        assert is_alive(socket)

    @pytest.mark.parametrize("op", ["subscribe", "unsubscribe"])
    @pytest.mark.parametrize("task_id", [None, 7, ["a"], {}, True, "\ud800"])
    def test_a_task_id_that_is_none(self, socket: RawWebSocket, op: str, task_id: object) -> None:
        socket.say(op=op, task_id=task_id)
        assert socket.json() == error(problems.BAD_REQUEST, "task_id is to be a string.")
        assert is_alive(socket)

    def test_a_task_id_that_is_no_text_beside_an_unknown_op(self, socket: RawWebSocket) -> None:
        socket.say(op="publish", task_id="\ud800")
        assert socket.json() == error(problems.UNKNOWN_OP)
        assert is_alive(socket)

    @pytest.mark.parametrize("after", [7, True, [], {}, "", "7", "1-1 ", "\ud800"])
    def test_a_malformed_cursor(self, socket: RawWebSocket, task: Task, after: object) -> None:
        socket.say(op="subscribe", task_id=task.id, after=after)
        assert socket.json() == error(problems.BAD_CURSOR, task_id=task.id)
        assert is_alive(socket)

    def test_fields_that_are_not_known_are_ignored(self, socket: RawWebSocket, task: Task) -> None:
        socket.say(op="subscribe", task_id=task.id, colour="green", after=None)
        assert socket.json() == {"op": "subscribed", "task_id": task.id}


def test_a_client_that_talks_much_is_answered_each_time(socket: RawWebSocket, task: Task) -> None:
    subscribe(socket, task, task.append())
    for number in range(1000):
        socket.send(text({"op": "ping"}))
        assert socket.json() == {"op": "pong"}
        if number % 100 == 0:
            task.append()
            assert socket.body() == task.bodies()[-1]


def test_pings_are_answered_while_events_come(socket: RawWebSocket, task: Task) -> None:
    subscribe(socket, task, task.append())
    for number in range(20):
        task.append()
        assert socket.body() == task.bodies()[-1]
        socket.send(frame(Opcode.PING, b"%d" % number))
        assert socket.receive() == (Opcode.PONG, b"%d" % number)


def test_the_log_stays_quiet(served: Gateway) -> None:
    """Nothing above is the gateway's error."""
    assert "Traceback" not in served.process.output
