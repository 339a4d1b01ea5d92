"""The embedded server: its port, its data, and its end."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import psutil
import pytest
import redis

from stack.ports import LOOPBACK
from stack.process import ProcessFailedError
from stack.valkey import Valkey

if TYPE_CHECKING:
    from pathlib import Path


def write(valkey: Valkey) -> None:
    with redis.Redis.from_url(valkey.url(1)) as client:
        client.set("key", "value")


def read(valkey: Valkey) -> bytes | None:
    with redis.Redis.from_url(valkey.url(1)) as client:
        value = client.get("key")
        assert value is None or isinstance(value, bytes)
        return value


def test_it_answers_as_soon_as_it_is_started() -> None:
    with Valkey() as valkey:
        write(valkey)
        assert read(valkey) == b"value"
        assert valkey.url(1) == f"redis://127.0.0.1:{valkey.port}/1"


def test_it_is_gone_after_the_block() -> None:
    with Valkey() as valkey:
        server = psutil.Process(valkey.pid)
    assert not server.is_running()
    with pytest.raises(RuntimeError, match="not running"):
        _ = valkey.pid


def test_two_servers_do_not_meet() -> None:
    with Valkey() as one, Valkey() as other:
        write(one)
        assert read(other) is None


def test_a_restart_keeps_the_port_and_without_a_directory_forgets() -> None:
    with Valkey() as valkey:
        port, pid = valkey.port, valkey.pid
        write(valkey)
        valkey.restart()
        assert valkey.port == port
        assert valkey.pid != pid
        assert read(valkey) is None


def test_with_a_directory_a_write_is_in_the_file_before_it_is_answered(tmp_path: Path) -> None:
    """Else it is lost where the server is killed while it waits for a busy disk."""
    with Valkey(data_dir=tmp_path / "data") as valkey, redis.Redis.from_url(valkey.url()) as client:
        assert client.config_get("appendfsync") == {"appendfsync": "no"}


@pytest.mark.parametrize("crash", [False, True])
def test_with_a_directory_data_survive_a_restart(tmp_path: Path, crash: bool) -> None:
    with Valkey(data_dir=tmp_path / "data") as valkey:
        write(valkey)
        if crash:
            valkey.kill()
        else:
            valkey.stop()
        valkey.start()
        assert read(valkey) == b"value"


def test_a_paused_server_is_silent_until_it_is_resumed() -> None:
    with Valkey() as valkey, redis.Redis.from_url(valkey.url(), retry=None) as client:
        connection = client.connection_pool.make_connection()
        connection.connect()
        valkey.pause()
        connection.send_command("PING")
        assert not connection.can_read(timeout=0.2)
        valkey.resume()
        assert connection.read_response() == b"PONG"
        connection.disconnect()
        assert read(valkey) is None


def test_a_paused_server_can_be_stopped() -> None:
    with Valkey() as valkey:
        server = psutil.Process(valkey.pid)
        valkey.pause()
    assert not server.is_running()


def test_options_of_the_server_are_passed_on() -> None:
    with Valkey(None, None, "--maxmemory", "10mb") as valkey, redis.Redis.from_url(valkey.url()) as client:
        assert client.config_get("maxmemory") == {"maxmemory": "10485760"}


def test_a_server_that_dies_is_explained_by_its_own_words() -> None:
    with (
        pytest.raises(ProcessFailedError, match=r"(?s)ended with exit code 1.*no-such-option"),
        Valkey(None, None, "--no-such-option", "1"),
    ):
        pass


def test_a_given_port_that_is_taken_is_an_error() -> None:
    with socket.create_server((LOOPBACK, 0)) as other, pytest.raises(ProcessFailedError, match="in use"):
        Valkey(other.getsockname()[1]).start()


def test_nobody_else_gets_its_port_while_it_is_away() -> None:
    with Valkey() as valkey:
        valkey.stop()
        with socket.socket() as other, pytest.raises(OSError, match="in use"):
            other.bind((LOOPBACK, valkey.port))
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((LOOPBACK, valkey.port))
        valkey.start()
        write(valkey)
