"""A client that does not read costs no memory and the others no time: the journal is its buffer."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING

import psutil
import pytest

from stack.process import execute
from tests.support.event_stream import EventStream, bodies_of
from tests.support.raw_websocket import RawWebSocket, text

if TYPE_CHECKING:
    from tests.support.gateway import Gateway
    from tests.support.journal import Journals, Task

START = execute
#: What a client says is not counted here, but for what it leaves unread.
SETTINGS = {"max_message_rate": 1e9, "max_byte_rate": 1e12}

EVENTS = 8000
PAYLOAD = "x" * 4096

#: Bytes by which the gateway may grow for clients that do not read twice as much.
ALLOWANCE = 16 * 2**20

#: Bytes that a slow client's kernel takes for it before the gateway's own fills up.
RECEIVE_BUFFER = 32 * 1024


class SlowStream(EventStream):
    """An event stream that is not read until somebody asks for its bodies."""

    def __init__(self, served: Gateway, task: Task) -> None:
        super().__init__(served, task.id, receive_buffer=RECEIVE_BUFFER)

    def bodies(self) -> list[bytes]:
        return bodies_of(self.rest())


class SlowSocket(RawWebSocket):
    """The same over a WebSocket."""

    def __init__(self, served: Gateway, task: Task) -> None:
        super().__init__(served, f"/tasks/{task.id}/ws", receive_buffer=RECEIVE_BUFFER)


SLOW: dict[str, type[SlowStream] | type[SlowSocket]] = {"stream": SlowStream, "socket": SlowSocket}


def memory(served: Gateway) -> int:
    """Resident bytes of the gateway."""
    return int(psutil.Process(served.process.pid).memory_info().rss)


def grow(task: Task) -> None:
    for _ in range(EVENTS):
        task.append(PAYLOAD)
    task.finish()


def numbers(bodies: list[bytes]) -> list[int]:
    return [int(json.loads(body)["id"].partition("-")[2]) for body in bodies]


@pytest.mark.parametrize("transport", SLOW)
def test_it_gets_everything_late_and_the_others_at_once(
    served: Gateway, journals: Journals, transport: str
) -> None:
    task = journals.task(limit=2 * EVENTS)
    with (
        SLOW[transport](served, task) as slow,
        EventStream(served, task.id) as stream,
        RawWebSocket(served, f"/tasks/{task.id}/ws") as socket,
        ThreadPoolExecutor() as pool,
    ):
        before = memory(served)
        others = [pool.submit(lambda: bodies_of(stream.rest())), pool.submit(socket.bodies)]
        grow(task)
        expected = task.bodies()
        # The slow one has not read a byte yet.
        for other in others:
            assert other.result(timeout=120) == expected
        assert memory(served) - before < ALLOWANCE
        assert slow.bodies() == expected
        assert memory(served) - before < ALLOWANCE


@pytest.mark.parametrize("transport", SLOW)
def test_it_is_told_of_what_was_trimmed_meanwhile(
    served: Gateway, journals: Journals, transport: str
) -> None:
    task = journals.task(limit=100)
    with SLOW[transport](served, task) as slow:
        grow(task)
        received = slow.bodies()
    kept = task.bodies()
    (position,) = [index for index, body in enumerate(received) if b'"type":"gap"' in body]
    before, gap, after = received[:position], json.loads(received[position]), received[position + 1 :]
    assert numbers(before) == list(range(1, position + 1))
    assert gap["gap"] == {"after": json.loads(before[-1])["id"], "reason": "trimmed"}
    assert numbers([received[position]]) == [numbers(kept)[0] - 1]
    assert after == kept


def test_a_client_that_asks_without_reading_the_answers_is_no_longer_heard(served: Gateway) -> None:
    questions = text({"op": "what?"}) * 1000
    with RawWebSocket(served, receive_buffer=RECEIVE_BUFFER) as socket:
        before = memory(served)
        socket.socket.settimeout(1.0)
        with suppress(TimeoutError):
            while True:
                socket.send(questions)
                assert memory(served) - before < ALLOWANCE
    with RawWebSocket(served) as other:
        other.say(op="ping")
        assert other.json() == {"op": "pong"}
