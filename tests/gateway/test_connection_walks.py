"""Ten thousand random walks with hostile bytes: at every step a connection has one deadline and one count.

The protocols are the real ones, over a transport and a clock of the test. The application answers as the walk
has it. So a walk is repeated from its number, and takes no time.
"""

from __future__ import annotations

import asyncio
import heapq
import logging
import random
from functools import partial
from typing import TYPE_CHECKING, Any, cast

import pytest
import uvicorn
from uvicorn.server import ServerState

from taskbeam.gateway.limits.portions import Portions
from taskbeam.gateway.limits.waiting_room import WaitingRoom
from taskbeam.gateway.server.connection_life import RULES, Bounds, Phase
from taskbeam.gateway.server.guarded_http import GuardedHttp
from taskbeam.gateway.server.http import DetachableHttp
from taskbeam.gateway.server.intake import Intake
from taskbeam.gateway.server.websocket import DetachableWebSocket, GuardedWebSocket

if TYPE_CHECKING:
    from collections.abc import Callable

WALKS, CONNECTIONS, STEPS = 10_000, 3, 12

BOUNDS = Bounds(head_bytes=2000, head=10, body=60, handshake=30)

#: Bytes that a connection may keep beside what the parser holds of a head: what was read at once, and some.
KEPT = 4 * 65536


class Clock:
    """The part of an event loop that the protocols use, with a clock that the walk moves."""

    def __init__(self, tasks: asyncio.AbstractEventLoop) -> None:
        self._tasks = tasks
        self._now = 0.0
        self._timers: list[tuple[float, int, asyncio.TimerHandle]] = []
        self._number = 0

    def time(self) -> float:
        return self._now

    def call_later(self, delay: float, callback: Any, *args: Any) -> asyncio.TimerHandle:
        self._number += 1
        handle = asyncio.TimerHandle(self._now + delay, callback, args, self._tasks)
        heapq.heappush(self._timers, (handle.when(), self._number, handle))
        return handle

    def create_task(self, coroutine: Any, **options: Any) -> asyncio.Task[Any]:
        return self._tasks.create_task(coroutine, **options)

    @property
    def pending(self) -> int:
        return sum(not handle.cancelled() for _, _, handle in self._timers)

    def advance(self, seconds: float) -> None:
        self._now += seconds
        while self._timers and self._timers[0][0] <= self._now:
            handle = heapq.heappop(self._timers)[2]
            if not handle.cancelled():
                handle._run()


class Wire(asyncio.Transport):
    """A transport whose client reads everything."""

    def __init__(self, address: str) -> None:
        super().__init__({"peername": (address, 40_000), "sockname": ("127.0.0.1", 8000)})
        self.protocol: asyncio.BaseProtocol | None = None
        self.written = b""
        self.closing = self.lost = False

    def write(self, data: Any) -> None:
        self.written += bytes(data)

    def close(self) -> None:
        self.closing = True

    abort = close

    def can_write_eof(self) -> bool:
        return True

    def write_eof(self) -> None:
        """The client hears it, and may go."""

    def get_write_buffer_size(self) -> int:
        return 0

    def is_closing(self) -> bool:
        return self.closing

    def is_reading(self) -> bool:
        return True

    def pause_reading(self) -> None:
        """What comes all the same is to be bounded as well."""

    def resume_reading(self) -> None:
        """Nothing was paused."""

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        self.protocol = protocol

    def get_protocol(self) -> asyncio.BaseProtocol:
        assert self.protocol is not None
        return self.protocol

    def lose(self) -> None:
        """The event loop tells the protocol, once."""
        if not self.lost:
            self.lost = self.closing = True
            self.get_protocol().connection_lost(None)


class Application:
    """Answers when the walk lets it."""

    def __init__(self) -> None:
        self.go = asyncio.Event()

    async def __call__(self, scope: Any, receive: Callable[[], Any], send: Callable[[Any], Any]) -> None:
        await receive()
        await self.go.wait()
        if scope["type"] == "websocket":
            await send({"type": "websocket.accept"})
            await receive()
            return
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
        await send({"type": "http.response.body", "body": b"ok"})


UPGRADE = (
    b"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
)

PIECES = [
    b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: x\r\nUpgrade: h2c\r\nConnection: Upgrade\r\nContent-Length: 3\r\n\r\nabc",
    b"GET /ws HTTP/1.1\r\nHost: x\r\n" + UPGRADE + b"\r\n",
    b"POST /ws HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n" + UPGRADE + b"\r\nabc",
    b"GET / HTTP/1.1\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    b"HEAD / HTTP/1.0\r\n\r\n",
    b"abc",
    b"3\r\nabc\r\n",
    b"3;" + b"e" * 3000 + b"\r\nabc\r\n",
    b"0\r\n\r\n",
    b"0\r\nX-Trailer: " + b"t" * 1500 + b"\r\n",
    b"X-Trailer: " + b"t" * 1500 + b"\r\n",
    b"\r\n",
    b"\r\n\r\n",
    b"G",
    b"GET / HT",
    b"X: " + b"y" * 1500,
    b"\x00\xff\x16\x03\x01",
    b"\x81\x85aaaaaaaaa",
    b"z" * 70_000,
]


class Walk:
    def __init__(self, number: int, loop: asyncio.AbstractEventLoop, kind: type[GuardedHttp]) -> None:
        self.random = random.Random(number)
        self.clock = Clock(loop)
        self.room = WaitingRoom(2, per_network=2)
        self.app = Application()
        config = uvicorn.Config(
            self.app,
            log_config=None,
            access_log=False,
            ws=DetachableWebSocket if kind is DetachableHttp else GuardedWebSocket,
            ws_ping_interval=None,
            forwarded_allow_ips=[],
        )
        config.load()
        self.state = ServerState()
        self.portions = Portions()
        intake = Intake(BOUNDS, self.room, 100, self.portions)
        options = [intake, None] if kind is DetachableHttp else [intake]
        self.made: list[tuple[Wire, GuardedHttp]] = []
        self._make = partial(kind, *options, config, self.state, {}, self.clock)

    async def connect(self) -> None:
        wire = Wire(f"192.0.2.{self.random.randint(1, 2)}")
        http = self._make()
        wire.set_protocol(http)
        http.connection_made(wire)
        self.made.append((wire, http))

    async def step(self) -> None:
        wire, _ = self.random.choice(self.made)
        match self.random.randrange(8):
            case 0:
                self.clock.advance(self.random.choice([1.0, 6.0, 11.0, 61.0]))
            case 1:
                self.app.go.set()
                await asyncio.sleep(0)
                await asyncio.sleep(0)
                self.app.go.clear()
            case 2 if wire.closing:
                wire.lose()
            case 3:
                wire.lose()
            case _:
                if not wire.closing:
                    cast("asyncio.Protocol", wire.get_protocol()).data_received(self.random.choice(PIECES))
        for _ in range(2):
            await asyncio.sleep(0)

    def check(self) -> None:
        deadlines = waiting = 0
        for wire, http in self.made:
            protocol = wire.get_protocol()
            if protocol is http:
                rule = RULES[http._life.phase]
                # One that is being closed has none left: the loop says when it is lost.
                if not wire.closing:
                    assert (http._deadline is not None) == (rule.deadline is not None), http._life.phase
                if http._deadline is not None:
                    assert not http._deadline.cancelled()
                    deadlines += 1
                waiting += rule.waits
                assert http.timeout_keep_alive_task is None
                if not wire.lost:
                    kept = sum(len(name) + len(value) for name, value in http.headers or ())
                    kept += len(http.cycle.body) if http.cycle is not None else 0
                    assert kept < KEPT
            else:
                socket = cast("GuardedWebSocket", protocol)
                assert http._life.phase is Phase.GONE
                assert http._deadline is None
                shaking = socket._late is not None
                assert shaking == (socket._place is not None)
                assert shaking or socket.handshake_complete or wire.closing
                deadlines += shaking
                waiting += shaking
            assert http not in self.state.connections or protocol is http
        assert len(self.portions) < KEPT * len(self.made)
        # One count for each that waits, and no deadline but theirs.
        assert len(self.room) == waiting
        assert self.clock.pending == deadlines

    async def end(self) -> None:
        """All go, each in its way; nothing is left of them."""
        self.app.go.set()
        for wire, _ in self.made:
            wire.lose()
        for _ in range(4):
            await asyncio.sleep(0)
        self.check()
        assert len(self.room) == self.clock.pending == len(self.portions) == 0
        assert self.room._waiting._members == {}
        assert not self.state.connections
        for task in tuple(self.state.tasks):
            await task
        assert not self.state.tasks


async def walk(numbers: range, kind: type[GuardedHttp]) -> set[Phase]:
    seen = set()
    for number in numbers:
        walked = Walk(number, asyncio.get_running_loop(), kind)
        try:
            for _ in range(CONNECTIONS):
                await walked.connect()
            for _ in range(STEPS):
                await walked.step()
                walked.check()
                seen |= {http._life.phase for _, http in walked.made}
            await walked.end()
        except BaseException as error:
            error.add_note(f"in walk {number} of {kind.__name__}")
            raise
    return seen


@pytest.mark.parametrize("kind", [GuardedHttp, DetachableHttp])
def test_at_every_step_there_is_one_deadline_and_one_count(kind: type[GuardedHttp]) -> None:
    logging.disable(logging.CRITICAL)
    try:
        seen = asyncio.run(walk(range(WALKS // 2), kind))
    finally:
        logging.disable(logging.NOTSET)
    # An upgrade passes through its phase within one read.
    assert seen | {Phase.UPGRADING} == set(Phase)


@pytest.mark.parametrize("offer", [b"", b"Upgrade: h2c\r\nConnection: Upgrade\r\n"])
def test_of_many_requests_in_one_read_one_is_answered_after_the_other(offer: bytes) -> None:
    async def run() -> None:
        walked = Walk(0, asyncio.get_running_loop(), GuardedHttp)
        await walked.connect()
        (wire, http), requests = walked.made[0], 1500
        http.data_received(b"GET / HTTP/1.1\r\nHost: x\r\n%b\r\n" % offer * requests)
        walked.app.go.set()
        async with asyncio.timeout(60):
            while wire.written.count(b"HTTP/1.1 200") < requests:  # each by a task of its own
                assert http._life.unanswered <= 1
                await asyncio.sleep(0)
        await walked.end()

    asyncio.run(run())
