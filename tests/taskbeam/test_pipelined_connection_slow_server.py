"""A server that answers when the test says so: how much it is asked, and for how long it is waited for."""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import hiredis
import pytest
import redis.asyncio
from redis.exceptions import ConnectionError as RedisConnectionError

from taskbeam.journal.pipelined_connection import WINDOW, PipelinedConnection

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Coroutine

T = TypeVar("T")

#: Seconds, which pass when the test says so.
TIMEOUT = 60.0


class Loop(asyncio.SelectorEventLoop):
    """Its clock can be put forward."""

    ahead = 0.0

    def time(self) -> float:
        return super().time() + self.ahead

    @classmethod
    async def pass_time(cls, seconds: float) -> None:
        """Let what is due now happen, and then what is due by then."""
        loop = asyncio.get_running_loop()
        assert isinstance(loop, cls)
        for step in (0.0, seconds):
            loop.ahead += step
            for _ in range(20):
                await asyncio.sleep(0)


def run(test: Coroutine[Any, Any, T]) -> T:
    with asyncio.Runner(loop_factory=Loop) as runner:
        return runner.run(test)


class SlowServer:
    """Agrees to whatever a client says when it connects, and keeps every ECHO until it is told to answer."""

    def __init__(self) -> None:
        self.url = ""
        self.connections = 0
        self.is_mute = False
        self.kept: deque[tuple[asyncio.StreamWriter, bytes]] = deque()
        self.most_kept = 0
        self.heard = asyncio.Event()
        self._came = asyncio.Event()

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[SlowServer]:
        async with await asyncio.start_server(self._serve, "127.0.0.1", 0) as server:
            self.url = f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}/0"
            yield self

    async def until_kept(self, count: int) -> None:
        """Return when so many commands wait here."""
        while len(self.kept) < count:
            self._came.clear()
            await self._came.wait()

    def answer(self, count: int) -> int:
        """Answer the oldest commands, as far as they are there; how many that were."""
        count = min(count, len(self.kept))
        for _ in range(count):
            client, text = self.kept.popleft()
            client.write(b"$%d\r\n%b\r\n" % (len(text), text))
        return count

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        commands = hiredis.Reader()
        try:
            while data := await reader.read(65536):
                self.heard.set()
                commands.feed(data)
                while (command := commands.gets()) is not False:
                    if command[0] == b"ECHO":
                        self.kept.append((writer, command[1]))
                    elif not self.is_mute:
                        writer.write(b"+OK\r\n")
                self.most_kept = max(self.most_kept, len(self.kept))
                self._came.set()
        finally:
            self.kept = deque(each for each in self.kept if each[0] is not writer)
            writer.close()


@asynccontextmanager
async def exchange_with(server: SlowServer) -> AsyncIterator[PipelinedConnection]:
    async with (
        server.listening(),
        # It has no timeouts of its own.
        redis.asyncio.Redis.from_url(
            server.url, protocol=2, socket_timeout=None, socket_connect_timeout=None
        ) as client,
    ):
        connected = PipelinedConnection(client, TIMEOUT)
        yield connected
        await connected.aclose()


class TestCommandsUnderWay:
    @pytest.mark.parametrize("at_once", [1, WINDOW // 2, WINDOW])
    def test_are_never_more_than_a_window_of_them(self, at_once: int) -> None:
        count = 3 * WINDOW + 1

        async def ask() -> tuple[list[Any], int]:
            server = SlowServer()
            async with exchange_with(server) as connected:
                asked = asyncio.create_task(connected.execute(*(("ECHO", each) for each in range(count))))
                await server.until_kept(WINDOW)
                answered = 0
                while answered < count:
                    await server.until_kept(1)
                    answered += server.answer(at_once)
                return await asked, server.most_kept

        replies, most = run(ask())
        assert replies == [b"%d" % number for number in range(count)]
        assert most == WINDOW

    def test_go_together_when_the_answers_of_others_are_there(self) -> None:
        async def ask() -> list[int]:
            server, kept = SlowServer(), []
            async with exchange_with(server) as connected:
                asked = [asyncio.create_task(connected.execute(("ECHO", "first")))]
                await server.until_kept(1)
                for number in range(3):
                    asked.append(asyncio.create_task(connected.execute(("ECHO", number))))
                    await Loop.pass_time(0)
                kept.append(len(server.kept))
                server.answer(1)
                await server.until_kept(1)
                kept.append(len(server.kept))
                server.answer(3)
                await asyncio.gather(*asked)
            return kept

        assert run(ask()) == [1, 3]


class TestSilence:
    def test_fails_what_was_sent_and_the_next_command_is_answered(self) -> None:
        async def ask() -> tuple[list[Any], list[Any], int]:
            server = SlowServer()
            async with exchange_with(server) as connected:
                asked = [asyncio.create_task(connected.execute(("ECHO", number))) for number in range(3)]
                await server.until_kept(3)
                server.answer(1)
                await asked[0]
                await Loop.pass_time(TIMEOUT)
                failed = await asyncio.gather(*asked[1:], return_exceptions=True)
                again = asyncio.create_task(connected.execute(("ECHO", "again")))
                await server.until_kept(1)
                server.answer(1)
                return failed, await again, server.connections

        failed, again, connections = run(ask())
        assert [type(each) for each in failed] == [RedisConnectionError, RedisConnectionError]
        assert (again, connections) == ([b"again"], 2)

    def test_is_counted_for_each_command_from_when_it_was_sent(self) -> None:
        async def ask() -> tuple[list[Any], int]:
            server, replies = SlowServer(), []
            async with exchange_with(server) as connected:
                for number in range(5):
                    asked = asyncio.create_task(connected.execute(("ECHO", number)))
                    await server.until_kept(1)
                    await Loop.pass_time(0.9 * TIMEOUT)
                    server.answer(1)
                    replies += await asked
                return replies, server.connections

        assert run(ask()) == ([b"0", b"1", b"2", b"3", b"4"], 1)

    def test_while_nothing_is_asked_is_none(self, caplog: pytest.LogCaptureFixture) -> None:
        async def ask() -> tuple[list[Any], int]:
            server, replies = SlowServer(), []
            async with exchange_with(server) as connected:
                for number in range(2):
                    asked = asyncio.create_task(connected.execute(("ECHO", number)))
                    await server.until_kept(1)
                    server.answer(1)
                    replies += await asked
                    await Loop.pass_time(10 * TIMEOUT)
                return replies, server.connections

        assert run(ask()) == ([b"0", b"1"], 1)
        assert not caplog.records

    def test_to_whoever_connects_fails_what_waits_for_the_connection(self) -> None:
        async def ask() -> tuple[list[Any], list[Any]]:
            server = SlowServer()
            server.is_mute = True
            async with exchange_with(server) as connected:
                asked = [asyncio.create_task(connected.execute(("ECHO", number))) for number in range(3)]
                await server.heard.wait()
                await Loop.pass_time(TIMEOUT)
                failed = await asyncio.gather(*asked, return_exceptions=True)
                server.is_mute = False
                again = asyncio.create_task(connected.execute(("ECHO", "again")))
                await server.until_kept(1)
                server.answer(1)
                return failed, await again

        failed, again = run(ask())
        assert all(isinstance(each, redis.RedisError) for each in failed)
        assert again == [b"again"]
