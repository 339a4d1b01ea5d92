"""A detached WebSocket is pinged, and lives as long as its client answers (RFC 6455, 5.5.2)."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from websockets.frames import Opcode

from taskbeam.gateway.delivery.heartbeat import Heartbeats
from taskbeam.gateway.limits.portions import Portions
from taskbeam.gateway.transports.detached_socket import DetachedSocket
from tests.support.gateway import gateway
from tests.support.raw_websocket import RawWebSocket, frame, text

from .test_connection_walks import Wire

if TYPE_CHECKING:
    from stack.valkey import Valkey
    from tests.support.journal import Task

PING, PONG = b"\x89\x00", frame(Opcode.PONG)

#: What a client sends after a ping, read by read.
ANSWERS = {
    "in one piece": [PONG],
    **{f"cut at {place}": [PONG[:place], PONG[place:]] for place in range(1, len(PONG))},
    "with more to say": [PONG + text({"op": "ping"}) + PONG],
    "in the middle of a message": [
        frame(Opcode.TEXT, b'{"op": ', fin=False),
        PONG,
        frame(Opcode.CONT, b'"ping"}'),
    ],
}


class Session:
    """Keeps what it is told."""

    number = 7

    def __init__(self) -> None:
        self.texts: list[str] = []

    def heard(self, size: int, frames: int = 0) -> None:
        """As much as it likes."""

    def received(self, text: str) -> None:
        self.texts.append(text)

    def closed(self) -> None:
        """It holds nothing."""


class Pinged:
    """A socket whose heartbeats the test gives."""

    def __init__(self) -> None:
        self.wire, self.session, connections = Wire("192.0.2.1"), Session(), set[Any]()
        self.socket = DetachedSocket(Heartbeats(15), Portions(), 65536)
        self.socket.taken_over(self.wire, connections)
        self.socket.begin(self.session)  # type: ignore[arg-type]

    def ping(self) -> bool:
        """Whether a ping is all that a heartbeat does."""
        self.wire.written = b""
        self.socket.ping()
        return self.wire.written == PING and not self.wire.closing


@pytest.mark.parametrize("reads", ANSWERS.values(), ids=ANSWERS)
def test_a_client_that_answers_stays(reads: list[bytes]) -> None:
    async def run() -> None:
        pinged = Pinged()
        for _ in range(3):
            assert pinged.ping()
            for read in reads:
                pinged.socket.data_received(read)
        assert pinged.ping()
        assert pinged.session.texts == ([] if b"".join(reads) == PONG else ['{"op": "ping"}'] * 3)

    asyncio.run(run())


def test_one_that_does_not_is_gone_at_the_next_heartbeat() -> None:
    pinged = Pinged()
    assert pinged.ping()
    pinged.socket.data_received(PONG)
    assert pinged.ping()
    assert not pinged.ping()
    assert pinged.wire.closing
    assert pinged.wire.written == b""


def test_heartbeats_tell_both_apart(valkey: Valkey, task: Task) -> None:
    def tells(heartbeat: int) -> bool:
        """Whether it does with so many seconds between two pings, within which this process has to answer."""
        origin = valkey.url().removesuffix("/0")
        with (
            gateway(origin, heartbeat=heartbeat) as served,
            RawWebSocket(served) as answers,
            RawWebSocket(served, f"/tasks/{task.id}/ws") as silent,
        ):
            try:
                for _ in range(2):
                    assert answers.receive_any() == (Opcode.PING, b"")
                    answers.send(PONG)
                answers.say(op="ping")
                assert answers.json() == {"op": "pong"}
                heard = [silent.receive_any(), silent.receive_any()]
            except (AssertionError, EOFError, ConnectionError):
                return False
            assert sorted(heard) == sorted([(Opcode.TEXT, task.bodies()[0]), (Opcode.PING, b"")])
            with pytest.raises((EOFError, ConnectionError)):
                silent.receive_any()
            task.wait_for_subscribers(0)
            return True

    assert any(map(tells, (1, 5, 30))), "not even where this process may stand still for long"
