"""The asyncio client: what it takes over, what it chooses itself, and what it refuses."""

from __future__ import annotations

import asyncio
import signal
import ssl
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import psutil
import pytest
import redis as blocking
from redis.asyncio.connection import SSLConnection
from redis.exceptions import RedisError

from taskbeam.connections.asyncio_redis import (
    CLIENT_NAME,
    RedisParameters,
    asyncio_redis,
    check_redis_py,
)
from taskbeam.connections.configuration_error import CeleryConfigurationError
from taskbeam.journal.pipelined_connection import PipelinedConnection
from tests.support.redis_server import sentinel, server

if TYPE_CHECKING:
    from pathlib import Path

    from redis.asyncio import Redis

    from stack.valkey import Valkey

PATIENCE = 60.0


def made(timeout: float = 3.0, **arguments: Any) -> Redis:
    return asyncio_redis(RedisParameters(setting="a_setting", arguments=arguments), timeout)


class TestItsOwnChoice:
    def test_of_time_names_and_repetition(self) -> None:
        client = made(
            socket_timeout=120.0,
            socket_connect_timeout=None,
            retry_on_timeout=True,
            client_name="a-worker",
            protocol=3,
            decode_responses=True,
        )
        connection: Any = client.connection_pool.make_connection()
        assert (connection.socket_timeout, connection.socket_connect_timeout) == (3.0, 3.0)
        assert connection.retry.get_retries() == 0
        assert connection.client_name == CLIENT_NAME
        assert connection.protocol == 2
        assert not connection.encoder.decode_responses

    def test_a_limit_of_connections_is_waited_for(self, valkey: Valkey) -> None:
        arguments = {"host": "127.0.0.1", "port": valkey.port, "max_connections": 1}
        asyncio.run(_many_at_once(RedisParameters(setting="", arguments=arguments)))

    def test_a_limit_is_waited_for_behind_sentinel(self, valkey: Valkey, tmp_path: Path) -> None:
        with sentinel(tmp_path, valkey.port, "results") as (_, port):
            parameters = RedisParameters(
                setting="",
                arguments={"max_connections": 1},
                sentinels=(("127.0.0.1", port),),
                master_name="results",
            )
            asyncio.run(_many_at_once(parameters))


async def _many_at_once(parameters: RedisParameters) -> None:
    client = asyncio_redis(parameters, PATIENCE)
    try:
        ids = await asyncio.gather(*(client.client_id() for _ in range(20)))
    finally:
        await client.aclose()
    assert len(set(ids)) == 1


class TestWhatItDoesNotKnow:
    def test_is_refused_when_it_is_switched_on(self) -> None:
        with pytest.raises(CeleryConfigurationError, match="a_setting has ssl_validate_ocsp, which"):
            made(connection_class=blocking.SSLConnection, ssl_validate_ocsp=True)

    def test_is_left_out_when_it_is_switched_off(self) -> None:
        client = made(connection_class=blocking.SSLConnection, ssl_validate_ocsp=False)
        assert isinstance(client.connection_pool.make_connection(), SSLConnection)

    def test_is_refused_of_a_sentinel(self) -> None:
        parameters = RedisParameters(
            setting="a_setting",
            arguments={},
            sentinels=(("127.0.0.1", 1),),
            sentinel_arguments={"ssl_validate_ocsp": True},
            master_name="m",
        )
        with pytest.raises(CeleryConfigurationError, match=r"sentinel_kwargs.*ssl_validate_ocsp"):
            asyncio_redis(parameters, 1.0)

    def test_a_connection_class_of_the_application(self) -> None:
        class Odd(blocking.connection.AbstractConnection):
            """Not one of redis-py's."""

        with pytest.raises(CeleryConfigurationError, match="Odd"):
            made(connection_class=Odd)

    @pytest.mark.parametrize("version", [(4, 5, 2), (5, 0, 0), (5, 0, "0b3")])
    def test_an_old_redis_py(self, version: tuple[int | str, ...]) -> None:
        found = ".".join(map(str, version))
        with pytest.raises(CeleryConfigurationError, match=rf"needs redis-py 5\.0\.1.*{found}.*pip install"):
            check_redis_py(version)

    def test_the_redis_py_that_is_installed(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(blocking, "VERSION", (4, 5, 2))
        with pytest.raises(CeleryConfigurationError, match="needs redis-py"):
            made()

    @pytest.mark.parametrize("version", [(5, 0, 1), (6, 0, "0b1"), blocking.VERSION])
    def test_no_later_redis_py(self, version: tuple[int | str, ...]) -> None:
        check_redis_py(version)


@pytest.mark.parametrize("required", [ssl.CERT_NONE, ssl.CERT_OPTIONAL, ssl.CERT_REQUIRED])
def test_what_is_asked_of_certificates_is_a_word_that_every_version_knows(required: ssl.VerifyMode) -> None:
    tls = {"ssl_cert_reqs": required}
    client = made(connection_class=blocking.SSLConnection, **tls)
    word = {0: "none", 1: "optional", 2: "required"}[required.value]
    assert client.connection_pool.connection_kwargs["ssl_cert_reqs"] == word
    connection: Any = client.connection_pool.make_connection()
    assert connection.cert_reqs is required


def test_no_password_is_shown() -> None:
    parameters = RedisParameters(
        setting="result_backend",
        arguments={"password": "planted-secret"},
        sentinels=(("127.0.0.1", 1),),
        sentinel_arguments={"password": "planted-secret"},
        master_name="m",
    )
    assert "planted-secret" not in repr(parameters)


class TestSentinels:
    def test_one_that_hangs_leaves_time_for_the_next(self, tmp_path: Path) -> None:
        with ExitStack() as stack:
            master = stack.enter_context(server())
            ports = []
            for name in "ab":
                directory = tmp_path / name
                directory.mkdir()
                process, port = stack.enter_context(sentinel(directory, master, "results"))
                ports.append(("127.0.0.1", port))
                if name == "a":
                    process.send_signal(signal.SIGSTOP)
            parameters = RedisParameters(
                setting="", arguments={}, sentinels=tuple(ports), master_name="results"
            )
            assert asyncio.run(_ping_in_time(parameters, 9.0)) == [b"PONG"]

    def test_their_connections_are_closed_too(self, valkey: Valkey, tmp_path: Path) -> None:
        with sentinel(tmp_path, valkey.port, "results") as (_, port):
            parameters = RedisParameters(
                setting="", arguments={}, sentinels=(("127.0.0.1", port),), master_name="results"
            )
            asyncio.run(_ping(asyncio_redis(parameters, PATIENCE), port))
            assert not _connected(port)

    def test_an_error_is_short_and_says_why(self) -> None:
        parameters = RedisParameters(
            setting="",
            arguments={"password": "planted-secret"},
            sentinels=(("127.0.0.1", 1), ("127.0.0.1", 2)),
            sentinel_arguments={"password": "planted-secret"},
            master_name="results",
        )
        with pytest.raises(RedisError) as error:
            asyncio.run(_ping(asyncio_redis(parameters, 1.0)))
        assert "planted-secret" not in str(error.value)
        assert "sentinel 127.0.0.1:2 - " in str(error.value)
        assert len(str(error.value)) < 400


async def _ping_in_time(parameters: RedisParameters, seconds: float) -> list[bytes]:
    """With so many seconds for all, as the gateway's own connections have."""
    client = asyncio_redis(parameters, seconds)
    connection = PipelinedConnection(client, seconds)
    try:
        replies: list[bytes] = await connection.execute((b"PING",))
    finally:
        await connection.aclose()
        await client.aclose()
    return replies


async def _ping(client: Redis, sentinel_port: int = 0) -> bool:
    try:
        answered: bool = await client.ping()
        if sentinel_port:
            assert _connected(sentinel_port)
    finally:
        await client.aclose()
    return answered


def _connected(port: int) -> bool:
    connections = psutil.Process().net_connections("tcp")
    return any(each.raddr and each.raddr.port == port for each in connections if each.status == "ESTABLISHED")
