"""A detached WebSocket is pinged, and lives as long as its client answers (RFC 6455, 5.5.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from websockets.frames import Opcode

from tests.support.gateway import Gateway, gateway
from tests.support.raw_websocket import RawWebSocket, frame, text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stack.valkey import Valkey
    from tests.support.journal import Task

PONG = frame(Opcode.PONG, b"")


@pytest.fixture(scope="module")
def served(valkey: Valkey) -> Iterator[Gateway]:
    with gateway(valkey.url().removesuffix("/0"), heartbeat=0.5) as running:
        yield running


@pytest.fixture
def socket(served: Gateway, task: Task) -> Iterator[RawWebSocket]:
    with RawWebSocket(served, f"/tasks/{task.id}/ws") as found:
        assert found.body() == task.bodies()[0]
        yield found


def await_ping(socket: RawWebSocket) -> None:
    assert socket.receive() == (Opcode.PING, b"")


class TestAClientThatAnswers:
    def test_stays(self, socket: RawWebSocket, task: Task) -> None:
        for _ in range(4):
            await_ping(socket)
            socket.send(PONG)
        task.append()
        assert socket.body() == task.bodies()[-1]

    @pytest.mark.parametrize("cut", range(1, len(PONG)))
    def test_in_two_pieces_stays(self, socket: RawWebSocket, cut: int) -> None:
        await_ping(socket)
        socket.send(PONG[:cut])
        socket.send(PONG[cut:])
        await_ping(socket)

    def test_and_says_more_is_heard(self, served: Gateway) -> None:
        with RawWebSocket(served) as many:
            await_ping(many)
            many.send(PONG + text({"op": "ping"}) + PONG)
            assert many.json() == {"op": "pong"}

    def test_in_the_middle_of_a_message_is_heard(self, served: Gateway) -> None:
        with RawWebSocket(served) as many:
            await_ping(many)
            many.send(frame(Opcode.TEXT, b'{"op":', fin=False))
            many.send(PONG)
            many.send(frame(Opcode.CONT, b'"ping"}'))
            assert many.json() == {"op": "pong"}


def test_a_client_that_does_not_answer_is_gone(socket: RawWebSocket, task: Task) -> None:
    await_ping(socket)
    with pytest.raises((EOFError, ConnectionError)):
        socket.receive()
    task.wait_for_subscribers(0)
