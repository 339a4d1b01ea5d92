"""WebSocket for one task."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from websockets.frames import Opcode

from taskbeam.journal.events import EventId
from tests.support.event_stream import EventStream, bodies_of
from tests.support.raw_websocket import Closed, RawWebSocket, frame, text

if TYPE_CHECKING:
    from tests.support.gateway import Gateway
    from tests.support.journal import Journals, Task


def follow(served: Gateway, task: Task, after: object = "") -> RawWebSocket:
    return RawWebSocket(served, f"/tasks/{task.id}/ws?after={after}")


def test_the_same_events_as_the_stream_then_1000(served: Gateway, task: Task) -> None:
    with follow(served, task) as socket, EventStream(served, task.id) as stream:
        bodies = [socket.body()]
        task.grow(3)
        task.finish()
        bodies += [socket.body() for _ in range(4)]
        assert socket.closed() == Closed(1000, "")
        assert bodies == bodies_of(stream.rest()) == task.bodies()


def test_it_goes_on_after_a_cursor(served: Gateway, task: Task) -> None:
    cursor = task.grow(3)[1]
    with follow(served, task, cursor) as socket:
        assert socket.body() == task.bodies()[3]
        task.finish()
        assert socket.body() == task.bodies()[4]
        assert socket.closed() == Closed(1000, "")


def test_after_the_end_it_closes_at_once(served: Gateway, task: Task) -> None:
    with follow(served, task, task.finish()) as socket:
        assert socket.closed() == Closed(1000, "")


def test_an_unknown_task(served: Gateway) -> None:
    with RawWebSocket(served, "/tasks/nobody-sent-this/ws") as socket:
        assert socket.closed() == Closed(4404, "unknown_task")


@pytest.mark.parametrize("cursor", ["7", "1-x", "1763800000000-01", "-1-1", "1-1%20", "%F0%9F%A6%84"])
def test_a_malformed_cursor(served: Gateway, task: Task, cursor: str) -> None:
    with follow(served, task, cursor) as socket:
        assert socket.closed() == Closed(4400, "bad_cursor")


def test_a_cursor_of_another_epoch_gets_a_gap(served: Gateway, task: Task) -> None:
    last = task.append()
    old = EventId(last.epoch - 1, 3)
    with follow(served, task, old) as socket:
        gap = socket.json()
        assert gap["gap"] == {"after": str(old), "reason": "epoch"}
        assert [socket.body(), socket.body()] == task.bodies()
        assert gap["snapshot"] == json.loads(task.bodies()[-1])


def test_a_trimmed_cursor_gets_a_gap(served: Gateway, journals: Journals) -> None:
    task = journals.task(limit=3)
    cursor, *_ = task.grow(9)
    with follow(served, task, cursor) as socket:
        assert socket.json()["gap"] == {"after": str(cursor), "reason": "trimmed"}
        assert [socket.body() for _ in range(3)] == task.bodies()
    with follow(served, task) as socket:
        assert socket.json()["gap"] == {"after": f"{cursor.epoch}-0", "reason": "trimmed"}
        assert [socket.body() for _ in range(3)] == task.bodies()


def test_a_client_has_nothing_to_say_but_may_talk(served: Gateway, task: Task) -> None:
    with follow(served, task) as socket:
        socket.body()
        for number in range(500):
            socket.send(text("anything"))
            if number % 100 == 0:
                socket.send(frame(Opcode.PING, b"%d" % number))
                assert socket.receive() == (Opcode.PONG, b"%d" % number)
        task.append()
        assert socket.body() == task.bodies()[-1]


def test_nothing_is_at_another_address(served: Gateway) -> None:
    with RawWebSocket(served, "/nowhere") as socket:
        assert socket.status == 403
    assert "Traceback" not in served.process.output
