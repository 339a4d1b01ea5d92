"""Whether the broker can be reached: asked from an event loop, with any transport, answered in words."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest
from celery import Celery

from stack.valkey import Valkey
from taskbeam.gateway.connections.broker_check import BrokerCheck
from tests.support.gateway import ROOT
from tests.support.redis_server import sentinel
from tests.support.waiting import DEADLINE, wait_until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

PATIENCE = 60.0


def check(url: str, timeout: float = PATIENCE, **options: object) -> BrokerCheck:
    app = Celery(broker=url, set_as_current=False)
    app.conf.broker_transport_options = options
    return BrokerCheck(app, timeout)


class _Silent:
    """A server that accepts and never says a word."""

    def __init__(self) -> None:
        self.port = 0
        self.accepted: list[asyncio.StreamWriter] = []
        self.came = asyncio.Event()

    async def serve(self, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.accepted.append(writer)
        self.came.set()


@asynccontextmanager
async def silent() -> AsyncIterator[_Silent]:
    """It runs in the loop of whoever asks: were that loop held up, it would accept nobody."""
    hung = _Silent()
    async with await asyncio.start_server(hung.serve, "127.0.0.1", 0) as listening:
        hung.port = listening.sockets[0].getsockname()[1]
        try:
            yield hung
        finally:
            for writer in hung.accepted:
                writer.close()


class TestReached:
    @pytest.mark.parametrize("url", ["memory://", "redis://127.0.0.1:{port}/0"])
    def test_is_none(self, url: str, valkey: Valkey) -> None:
        assert asyncio.run(check(url.format(port=valkey.port)).failure()) is None

    def test_the_second_of_two(self, valkey: Valkey) -> None:
        assert asyncio.run(check(f"redis://127.0.0.1:1/0;{valkey.url(0)}").failure()) is None

    def test_through_the_second_sentinel(self, valkey: Valkey, tmp_path: Path) -> None:
        with sentinel(tmp_path, valkey.port, "m") as (_, port):
            url = f"sentinel://127.0.0.1:1/0;sentinel://127.0.0.1:{port}/0"
            assert asyncio.run(check(url, master_name="m").failure()) is None

    def test_through_the_third_sentinel_though_two_hang(self, valkey: Valkey, tmp_path: Path) -> None:
        with sentinel(tmp_path, valkey.port, "m") as (_, port):
            assert asyncio.run(self._through_the_third(port)) is None

    async def _through_the_third(self, port: int) -> str | None:
        async with silent() as hung, silent() as another:
            url = ";".join(f"sentinel://127.0.0.1:{each}/0" for each in (hung.port, another.port, port))
            return await check(url, 12.0, master_name="m").failure()


class TestNotReached:
    @pytest.mark.parametrize(
        ("url", "says"),
        [
            ("redis://:planted-secret@127.0.0.1:1/0", "Connection refused. Check broker_url"),
            ("amqp://user:planted-secret@127.0.0.1:1//", "Connection refused. Check broker_url"),
            ("redis+socket:///nowhere/redis.sock", "No such file or directory. Check broker_url"),
            ("redis://host/db", "Database is int between 0 and limit - 1, not db. Check broker_url"),
            ("foo://user:planted-secret@host", "No such transport: foo. Check broker_url"),
        ],
    )
    def test_says_why(self, url: str, says: str) -> None:
        failure = asyncio.run(check(url).failure())
        assert failure is not None
        assert says in failure
        assert "planted-secret" not in failure

    def test_by_a_wrong_password(self) -> None:
        with Valkey() as server:
            url = f"redis://user:planted-secret@127.0.0.1:{server.port}/0"
            failure = asyncio.run(check(url).failure())
        assert failure is not None
        assert "invalid username-password" in failure
        assert "planted-secret" not in failure

    def test_through_sentinels_that_do_not_know_the_master(self) -> None:
        url = "sentinel://:planted-secret@127.0.0.1:1/0;sentinel://:planted-secret@127.0.0.1:2/0"
        failure = asyncio.run(
            check(url, master_name="m", sentinel_kwargs={"password": "planted-secret"}).failure()
        )
        assert failure is not None
        assert "No master found for 'm' by the sentinels" in failure
        assert "sentinel_kwargs" in failure
        assert "planted-secret" not in failure


class TestABrokerThatHangs:
    @pytest.mark.parametrize("scheme", ["redis", "amqp"])
    def test_holds_nobody_up(self, scheme: str) -> None:
        asyncio.run(self._holds_nobody_up(scheme))

    async def _holds_nobody_up(self, scheme: str) -> None:
        async with silent() as hung, asyncio.timeout(DEADLINE):
            asked = check(f"{scheme}://127.0.0.1:{hung.port}/", timeout=2.0)
            waiting = asyncio.create_task(asked.failure())
            await hung.came.wait()
            assert not waiting.done()
            failure = await waiting
            assert failure is not None
            assert "broker" in failure
            assert failure.endswith(("broker runs.", "is open."))

    def test_is_asked_by_one_at_a_time(self) -> None:
        asyncio.run(self._one_at_a_time())

    async def _one_at_a_time(self) -> None:
        async with silent() as hung, asyncio.timeout(DEADLINE):
            asked = check(f"amqp://127.0.0.1:{hung.port}//", timeout=60.0)
            first = asyncio.create_task(asked.failure())
            await hung.came.wait()
            others = await asyncio.gather(*(_in_time(asked) for _ in range(5)))
            assert others == [None] * 5
            assert len(hung.accepted) == 1
            hung.accepted[0].close()  # now the attempt fails, and everybody gets its answer
            assert "cannot be reached" in str(await first)

    def test_is_asked_again_when_it_is_back(self) -> None:
        with Valkey() as server:
            asked = check(server.url(), timeout=1.0)
            server.pause()
            assert asyncio.run(asked.failure()) is not None
            server.resume()
            wait_until(lambda: asyncio.run(asked.failure()) is None)

    def test_keeps_no_process_from_ending(self) -> None:
        code = (
            "import asyncio, socket\n"
            "from celery import Celery\n"
            "from taskbeam.gateway.connections.broker_check import BrokerCheck\n"
            "hung = socket.create_server(('127.0.0.1', 0))\n"
            "app = Celery(broker=f'amqp://127.0.0.1:{hung.getsockname()[1]}//')\n"
            "check = BrokerCheck(app, 3600.0)\n"
            "async def ask():\n"
            "    asked = asyncio.create_task(check.failure())\n"
            "    global held\n"
            "    held = await asyncio.to_thread(hung.accept)\n"
            "    asked.cancel()\n"
            "asyncio.run(ask())\n"
            "print('ended')\n"
        )
        ended = subprocess.run(
            [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
        )
        assert ended.stdout == "ended\n"


async def _in_time(asked: BrokerCheck) -> str | None:
    """None when there is no answer yet."""
    try:
        return await asyncio.wait_for(asked.failure(), 0.2)
    except TimeoutError:
        return None
