"""A detached WebSocket is pinged, and lives as long as its client answers (RFC 6455, 5.5.2)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from websockets.frames import Opcode

from tests.support.gateway import gateway
from tests.support.raw_websocket import RawWebSocket, frame, text

if TYPE_CHECKING:
    from collections.abc import Callable

    from stack.valkey import Valkey
    from tests.support.journal import Task

PONG = frame(Opcode.PONG, b"")

#: Seconds between two pings, within which a client is to answer: long, for this machine may stand still.
PATIENT, HASTY = 6.0, 2.0


@pytest.fixture(scope="module")
def origin(valkey: Valkey) -> str:
    return valkey.url().removesuffix("/0")


def await_ping(socket: RawWebSocket) -> None:
    assert socket.receive_any() == (Opcode.PING, b"")


def in_one_piece(socket: RawWebSocket) -> None:
    socket.send(PONG)


def cut_at(place: int) -> Callable[[RawWebSocket], None]:
    def answer(socket: RawWebSocket) -> None:
        socket.send(PONG[:place])
        socket.send(PONG[place:])

    return answer


def with_more_to_say(socket: RawWebSocket) -> None:
    socket.send(PONG + text({"op": "ping"}) + PONG)
    assert socket.json() == {"op": "pong"}


def in_the_middle_of_a_message(socket: RawWebSocket) -> None:
    socket.send(frame(Opcode.TEXT, b'{"op":', fin=False))
    socket.send(PONG)
    socket.send(frame(Opcode.CONT, b'"ping"}'))
    assert socket.json() == {"op": "pong"}


ANSWERS = {
    "in one piece": in_one_piece,
    **{f"cut at {place}": cut_at(place) for place in range(1, len(PONG))},
    "with more to say": with_more_to_say,
    "in the middle of a message": in_the_middle_of_a_message,
}


def test_clients_that_answer_stay(origin: str) -> None:
    """All at once, for each lives through two pings."""

    def live(answer: Callable[[RawWebSocket], None]) -> None:
        with RawWebSocket(served) as socket:
            for _ in range(2):
                await_ping(socket)
                answer(socket)
            socket.say(op="ping")
            assert socket.json() == {"op": "pong"}

    with gateway(origin, heartbeat=PATIENT) as served, ThreadPoolExecutor(len(ANSWERS)) as pool:
        lives = {name: pool.submit(live, answer) for name, answer in ANSWERS.items()}
        assert {name: each.exception() for name, each in lives.items()} == dict.fromkeys(ANSWERS)


def test_a_client_that_does_not_answer_is_gone(origin: str, task: Task) -> None:
    with gateway(origin, heartbeat=HASTY) as served, RawWebSocket(served, f"/tasks/{task.id}/ws") as socket:
        received = [socket.receive_any(), socket.receive_any()]
        assert sorted(received) == sorted([(Opcode.TEXT, task.bodies()[0]), (Opcode.PING, b"")])
        with pytest.raises((EOFError, ConnectionError)):
            socket.receive_any()
        task.wait_for_subscribers(0)
