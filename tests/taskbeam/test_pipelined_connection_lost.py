"""A connection to Redis that is lost, that cannot be had, and that is closed."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any

import pytest
import redis.asyncio
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError

from stack.ports import kept_port
from stack.valkey import Valkey
from taskbeam.journal.pipelined_connection import WINDOW, PipelinedConnection, settle
from tests.support import nobody
from tests.support.redis_cluster import one_server
from tests.support.waiting import wait_until

from .conftest import DB
from .connected import exchange as connected_as

pytestmark = one_server("it is about one connection to one server")

#: What CLIENT LIST calls the connection under test.
NAME = "test-exchange"

#: More than go out at once, twice over.
MANY = 3 * WINDOW + 1

#: A command that the server does not answer, and its name in CLIENT LIST.
BLOCKING = ("BLPOP", "nothing-comes-here", 0)
BLOCKED = "blpop"


exchange = partial(connected_as, client_name=NAME)


@pytest.fixture
def url(valkey: Valkey) -> str:
    return valkey.url(DB)


def ids(client: redis.Redis, doing: str = "") -> list[int]:
    """The connections under test, or those whose last command was that one."""
    found = [each for each in client.client_list() if each["name"] == NAME]
    return [int(each["id"]) for each in found if doing in each["cmd"]]


async def until_it_blocks(client: redis.Redis) -> int:
    """The connection's id, when the server has got the command that it answers to nobody."""
    await asyncio.to_thread(wait_until, lambda: bool(ids(client, BLOCKED)))
    [found] = ids(client, BLOCKED)
    return found


class TestAConnectionThatIsLost:
    def test_fails_what_was_sent_and_the_rest_goes_over_a_new_one(
        self, url: str, client: redis.Redis
    ) -> None:
        async def ask_and_kill() -> tuple[list[Any], int, int]:
            async with exchange(url) as connected:
                sent = [connected.execute(BLOCKING)]
                sent += [connected.execute(("ECHO", number)) for number in range(WINDOW + 5)]
                asked = asyncio.gather(*sent, return_exceptions=True)
                killed = await until_it_blocks(client)
                client.client_kill_filter(_id=str(killed))
                replies = await asked
                [new] = await connected.execute(("CLIENT", "ID"))
                return replies, killed, new

        replies, killed, new = asyncio.run(ask_and_kill())
        assert all(isinstance(reply, RedisConnectionError) for reply in replies[:WINDOW])
        assert replies[WINDOW:] == [[b"%d" % number] for number in range(WINDOW - 1, WINDOW + 5)]
        assert new != killed

    def test_is_not_missed_before_the_next_command(self, url: str, client: redis.Redis) -> None:
        async def ask_twice() -> tuple[int, int]:
            async with exchange(url) as connected:
                [before] = await connected.execute(("CLIENT", "ID"))
                client.client_kill_filter(_id=str(before))
                await asyncio.to_thread(wait_until, lambda: not ids(client))
                while True:  # a command that was sent before the loss was seen is answered with an error
                    try:
                        [after] = await connected.execute(("CLIENT", "ID"))
                    except RedisConnectionError:
                        continue
                    return before, after

        before, after = asyncio.run(ask_twice())
        assert before != after


class TestNobodyWhoListens:
    def test_is_told_to_every_asker_as_an_error_of_redis_py(self) -> None:
        async def ask(url: str) -> list[Any]:
            async with exchange(url) as connected:
                asked = (connected.execute(("PING",)) for _ in range(MANY))
                return list(await asyncio.gather(*asked, return_exceptions=True))

        replies = asyncio.run(ask(f"{nobody.REDIS}/0"))
        assert all(isinstance(reply, RedisError) for reply in replies)

    def test_may_be_asked_again_in_the_very_moment_of_the_error(self) -> None:
        async def ask(url: str) -> None:
            async with exchange(url) as connected:
                answer = asyncio.get_running_loop().create_future()
                connected.ask(lambda _: connected.ask(partial(settle, answer), "PING"), "PING")
                async with asyncio.timeout(60):
                    await answer

        with pytest.raises(RedisError):
            asyncio.run(ask(f"{nobody.REDIS}/0"))

    def test_nor_is_whatever_else_goes_wrong_in_connecting_kept_from_them(self, url: str) -> None:
        """An application's own credential provider may raise anything."""

        class Provider(redis.CredentialProvider):
            def get_credentials(self) -> tuple[str]:
                raise LookupError("no secret today")

        async def ask() -> list[Any]:
            async with redis.asyncio.Redis.from_url(url, credential_provider=Provider()) as client:
                connected = PipelinedConnection(client)
                asked = [connected.execute(("PING",)) for _ in range(2)]
                replies = [
                    await asyncio.wait_for(asyncio.gather(each, return_exceptions=True), 60) for each in asked
                ]
                await connected.aclose()
                return [type(reply) for [reply] in replies]

        assert asyncio.run(ask()) == [RedisConnectionError, RedisConnectionError]

    def test_is_no_loss_once_somebody_does(self) -> None:
        async def ask(port: int) -> list[Any]:
            async with exchange(f"redis://127.0.0.1:{port}/0") as connected:
                with pytest.raises(RedisError):
                    await connected.execute(("PING",))
                with Valkey(port):
                    return await connected.execute(("PING",))

        with kept_port() as port:
            assert asyncio.run(ask(port)) == [b"PONG"]


@pytest.mark.parametrize("count", [0, 1, WINDOW, MANY])
@pytest.mark.parametrize("connected_before", [True, False])
class TestClosing:
    def test_leaves_no_connection_and_nothing_that_goes_on(
        self, url: str, client: redis.Redis, count: int, connected_before: bool
    ) -> None:
        _, left = asyncio.run(self.ask_and_close(url, count, connected_before))
        assert left == 1
        wait_until(lambda: not ids(client))

    def test_is_told_as_an_error_to_whoever_waits(self, url: str, count: int, connected_before: bool) -> None:
        told, _ = asyncio.run(self.ask_and_close(url, count, connected_before))
        assert [type(error) for error in told] == [RedisConnectionError] * count

    @staticmethod
    async def ask_and_close(url: str, count: int, connected_before: bool) -> tuple[list[Any], int]:
        """What the askers were told, and how many tasks there are then."""
        told: list[Any] = []
        async with exchange(url) as connected:
            if connected_before:
                await connected.execute(("PING",))
            for _ in range(count):
                connected.ask(told.append, *BLOCKING)
            await asyncio.sleep(0)  # they are sent, or it is connecting
            await connected.aclose()
            return told, len(asyncio.all_tasks())
