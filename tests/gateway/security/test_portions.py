"""One turn of the event loop parses so much of what strangers send, counted and not timed, and no more."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest
from websockets.frames import Opcode

from taskbeam.gateway.delivery.heartbeat import Heartbeats
from taskbeam.gateway.limits.portions import PORTION, TURN, Portions
from taskbeam.gateway.server.guarded_http import GuardedHttp
from taskbeam.gateway.transports.detached_socket import DetachedSocket
from tests.gateway.test_connection_walks import BOUNDS, Walk, Wire
from tests.support.raw_websocket import RawWebSocket, frame

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from tests.support.gateway import Gateway

#: What asyncio reads of one client at once.
READ = 256_000

CHUNKED = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"

REQUEST = b"GET / HTTP/1.1\r\nHost:x\r\n\r\n"

FLOODS = {
    "requests": b"GET / HTTP/1.1\r\nHost:x\r\n\r\n" * (READ // 26),
    "requests behind a body": CHUNKED
    + b"1\r\nx\r\n0\r\n\r\n"
    + b"GET / HTTP/1.1\r\nHost:x\r\n\r\n" * (READ // 26),
    "header fields": b"GET / HTTP/1.1\r\nHost: x\r\n" + b"a:\r\n" * (READ // 4),
    "trailer fields": CHUNKED + b"0\r\n" + b"a:\r\n" * (READ // 4),
    "chunks": CHUNKED + b"1\r\nx\r\n" * (READ // 6),
    "bare lines": b"\r\n" * (READ // 2),
}


class Counting(GuardedHttp):
    """Counts what its parser tells."""

    told = 0
    parsed = 0

    def take(self, data: bytes) -> int | None:
        taken = super().take(data)
        self.parsed += taken if taken is not None else len(data)
        return taken

    def on_message_begin(self) -> None:
        self.told += 1
        super().on_message_begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        self.told += 1
        super().on_header(name, value)

    def on_body(self, body: bytes) -> None:
        self.told += 1
        super().on_body(body)


def walked(check: Callable[[Walk], Coroutine[Any, Any, None]]) -> None:
    async def run() -> None:
        walk = Walk(0, asyncio.get_running_loop(), Counting)
        try:
            await check(walk)
        finally:
            await walk.end()

    asyncio.run(run())


@pytest.mark.parametrize("flood", FLOODS.values(), ids=FLOODS)
def test_a_read_is_parsed_portion_by_portion(flood: bytes) -> None:
    async def check(walk: Walk) -> None:
        await walk.connect()
        [(_, http)] = walk.made
        assert isinstance(http, Counting)
        http.data_received(flood)
        # The shortest field takes four bytes, and each request has two.
        assert http.told <= PORTION // 4
        for _ in range(20):
            before = http.parsed
            await asyncio.sleep(0)
            assert http.parsed - before <= TURN * PORTION

    walked(check)


@pytest.mark.parametrize("kind", ["header fields", "trailer fields", "bare lines"])
def test_what_is_too_much_is_refused_without_parsing_the_rest(kind: str) -> None:
    async def check(walk: Walk) -> None:
        await walk.connect()
        [(wire, http)] = walk.made
        assert isinstance(http, Counting)
        http.data_received(FLOODS[kind])
        while len(walk.portions):  # noqa: ASYNC110 # turns are what is counted
            await asyncio.sleep(0)
        assert wire.written.startswith((b"HTTP/1.1 431", b"HTTP/1.1 413"))
        assert http.parsed <= BOUNDS.head_bytes + len(CHUNKED) + 2 * PORTION

    walked(check)


@pytest.mark.parametrize("flood", FLOODS.values(), ids=FLOODS)
def test_requests_wait_for_the_answers_to_those_before(flood: bytes) -> None:
    async def check(walk: Walk) -> None:
        await walk.connect()
        [(_, http)] = walk.made
        http.data_received(flood)
        for _ in range(500):
            await asyncio.sleep(0)
        # None of the requests is answered yet, and no more are known than two portions may have begun.
        assert http._life.unanswered <= PORTION // len(REQUEST) + 2

    walked(check)


class Client:
    """Takes a portion each time, of which it counts what it costs."""

    def __init__(self, name: str, order: list[str], spend: Callable[[], None] = lambda: None) -> None:
        self.name = name
        self.order = order
        self.reads = True
        self._spend = spend

    def take(self, data: bytes) -> int | None:
        self.order.append(self.name)
        self._spend()
        return len(data)

    def pause(self) -> None:
        self.reads = False

    def resume(self) -> None:
        self.reads = True


def test_of_all_together_one_turn_takes_so_much() -> None:
    async def run() -> None:
        order: list[str] = []
        portions = Portions()
        crowd = [Client(str(number), order) for number in range(10 * TURN)]
        for client in crowd:
            portions.received(client, b"x" * PORTION * 2)
        took = [len(order)]
        while len(portions):
            await asyncio.sleep(0)
            took.append(len(order))
        assert took == list(range(TURN, 2 * len(crowd) + 1, TURN))
        assert sorted(order) == sorted([client.name for client in crowd] * 2)
        assert all(client.reads for client in crowd)

    asyncio.run(run())


def test_what_costs_more_takes_more_of_the_turn() -> None:
    async def run() -> None:
        order: list[str] = []
        portions = Portions()
        for name in "abcd":
            portions.received(Client(name, order, lambda: portions.spend(TURN // 2 - 1)), b"x")
        assert order == ["a", "b"]
        await asyncio.sleep(0)
        assert order == ["a", "b", "c", "d"]

    asyncio.run(run())


def test_nothing_more_is_read_of_a_client_that_waits_and_nothing_is_left_of_one_that_is_gone() -> None:
    async def run() -> None:
        order: list[str] = []
        portions = Portions(turn=1)
        clients = [Client(name, order) for name in "ab"]
        for client in clients:
            portions.received(client, b"x" * PORTION * 3)
        assert [client.reads for client in clients] == [False, False]
        portions.received(clients[1], b"y")  # it was on its way
        assert len(portions) == 5 * PORTION + 1
        portions.forget(clients[0])
        assert clients[0].reads
        for _ in range(4):
            await asyncio.sleep(0)
        assert order == ["a", "b", "b", "b", "b"]
        assert clients[1].reads

    asyncio.run(run())


class Session:
    """Counts what it is told."""

    number = 7
    messages = 0
    frames = 0

    def heard(self, size: int, frames: int = 0) -> None:  # noqa: ARG002
        self.frames += frames

    def received(self, text: str) -> None:  # noqa: ARG002
        self.messages += 1

    def pause(self) -> None:
        """It sends nothing."""

    def resume(self) -> None:
        """It sends nothing."""

    def closed(self) -> None:
        """It holds nothing."""


@pytest.mark.parametrize("opcode", [Opcode.TEXT, Opcode.PING, Opcode.PONG])
def test_frames_are_parsed_portion_by_portion(opcode: Opcode) -> None:
    async def run() -> None:
        portions, session, wire = Portions(), Session(), Wire("192.0.2.1")
        socket, connections = DetachedSocket(Heartbeats(15), portions, 65536), set[Any]()
        socket.taken_over(wire, connections)
        socket.begin(session)
        flood = frame(opcode) * 5000
        socket.data_received(flood)
        assert 0 < session.messages + session.frames <= PORTION // 6
        # Who has much to say is not slow: what it asks for meanwhile is answered.
        assert not socket.paused
        while len(portions):  # turns are what is counted
            before = session.messages + session.frames
            await asyncio.sleep(0)
            assert session.messages + session.frames - before <= TURN + PORTION // 6
        assert session.messages + session.frames == 5000
        socket.connection_lost(None)

    asyncio.run(run())


@pytest.mark.parametrize("opcode", [Opcode.PING, Opcode.PONG, Opcode.CONT])
def test_a_flood_of_empty_frames_ends_the_socket(served: Gateway, opcode: Opcode) -> None:
    """Each counts as a message, though it is none: 200 per second, and ten seconds' worth at once."""
    with RawWebSocket(served) as socket:
        begin = frame(Opcode.TEXT, fin=False) if opcode is Opcode.CONT else b""
        with suppress(ConnectionError):  # the socket may be closed while they are sent
            socket.send(begin + frame(opcode, fin=opcode is not Opcode.CONT) * 5000)
        with suppress(ConnectionError, EOFError):
            while (received := socket.receive()).opcode is not Opcode.CLOSE:
                assert received.opcode is Opcode.PONG
            assert received.payload.endswith(b"too_fast")
