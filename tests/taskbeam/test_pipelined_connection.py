"""Commands and their replies over one connection, on a real server."""

from __future__ import annotations

import asyncio
import logging
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from redis.exceptions import ResponseError

from taskbeam.journal.pipelined_connection import WINDOW
from tests.support.redis_cluster import one_server

from .conftest import DB
from .connected import exchange

if TYPE_CHECKING:
    from stack.valkey import Valkey

pytestmark = one_server("it is about one connection to one server")

#: More than go out at once, twice over.
MANY = 3 * WINDOW + 1


@pytest.fixture
def url(valkey: Valkey) -> str:
    return valkey.url(DB)


class TestReplies:
    @pytest.mark.parametrize("count", [1, 2, WINDOW, WINDOW + 1, MANY])
    def test_come_in_order_to_those_who_asked_in_one_turn(self, url: str, count: int) -> None:
        async def ask() -> tuple[list[Any], list[tuple[int, Any]]]:
            told: list[tuple[int, Any]] = []

            def tell(number: int, reply: Any) -> None:
                told.append((number, reply))

            async with exchange(url) as connected:
                for number in range(count):
                    connected.ask(partial(tell, number), "ECHO", number)
                return await connected.execute(*(("ECHO", -number) for number in range(count))), told

        replies, told = asyncio.run(ask())
        assert told == [(number, b"%d" % number) for number in range(count)]
        assert replies == [b"%d" % -number for number in range(count)]

    def test_of_the_second_turn_come_after_those_of_the_first(self, url: str) -> None:
        async def ask() -> list[Any]:
            async with exchange(url) as connected:
                pairs = [asyncio.create_task(connected.execute(("ECHO", n), ("ECHO", -n))) for n in range(5)]
                await asyncio.sleep(0)
                pairs += [asyncio.create_task(connected.execute(("ECHO", n))) for n in range(5, 10)]
                return list(await asyncio.gather(*pairs))

        assert asyncio.run(ask()) == [[b"%d" % n, b"%d" % -n] for n in range(5)] + [
            [b"%d" % n] for n in range(5, 10)
        ]

    def test_are_asked_for_from_within_a_reply(self, url: str) -> None:
        async def ask() -> list[Any]:
            told: list[Any] = []
            done = asyncio.get_running_loop().create_future()
            async with exchange(url) as connected:

                def again(reply: Any) -> None:
                    told.append(reply)
                    if len(told) < 5:
                        connected.ask(again, "ECHO", len(told))
                    else:
                        done.set_result(told)

                connected.ask(again, "ECHO", 0)
                return list(await done)

        assert asyncio.run(ask()) == [b"0", b"1", b"2", b"3", b"4"]

    def test_carry_any_bytes(self, url: str) -> None:
        async def ask() -> list[Any]:
            async with exchange(url) as connected:
                return await connected.execute(("ECHO", b"\r\n$3\0\xff"), ("ECHO", "ü\r\n"), ("ECHO", 1.5))

        assert asyncio.run(ask()) == [b"\r\n$3\0\xff", "ü\r\n".encode(), b"1.5"]


class TestAnErrorThatTheServerAnswers:
    def test_reaches_only_its_asker(self, url: str) -> None:
        async def ask() -> list[Any]:
            async with exchange(url) as connected:
                commands = [("ECHO", 1), ("NO-SUCH-COMMAND",), ("ECHO", 2)]
                asked = (connected.execute(command) for command in commands)
                return list(await asyncio.gather(*asked, return_exceptions=True))

        first, error, last = asyncio.run(ask())
        assert (first, last) == ([b"1"], [b"2"])
        assert isinstance(error, ResponseError)
        assert "unknown command" in str(error)

    def test_leaves_the_connection_as_it_was(self, url: str) -> None:
        async def ask() -> tuple[list[Any], list[Any]]:
            async with exchange(url) as connected:
                before = await connected.execute(("CLIENT", "ID"))
                with pytest.raises(ResponseError):
                    await connected.execute(("ECHO", "two", "many"))
                return before, await connected.execute(("CLIENT", "ID"))

        before, after = asyncio.run(ask())
        assert before == after


class TestAnAskerWhoRaises:
    def test_does_not_keep_the_others_from_their_replies(
        self, url: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        def fail(_: Any) -> None:
            raise LookupError("a fault of the asker")

        async def ask() -> list[Any]:
            async with exchange(url) as connected:
                connected.ask(fail, "ECHO", "lost")
                replies = await connected.execute(("ECHO", 1), ("ECHO", 2))
                return replies + await connected.execute(("ECHO", 3))

        with caplog.at_level(logging.ERROR, "taskbeam.journal.pipelined_connection"):
            assert asyncio.run(ask()) == [b"1", b"2", b"3"]
        [record] = caplog.records
        assert record.exc_info is not None
        assert isinstance(record.exc_info[1], LookupError)
