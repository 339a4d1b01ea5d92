"""Why all waits of a loop have two connections, not one: Redis limits the output of whoever subscribes."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest
import redis

from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from stack.valkey import Valkey

#: One journal's bytes, and how many are asked for at once: more than `client-output-buffer-limit pubsub`
#: (32 MB as Redis comes) and than the kernel buffers, and less than 5,000 waits may ask for at once.
JOURNAL = 1024 * 1024
JOURNALS = 60


@pytest.mark.parametrize(
    ("first", "comes"),
    [
        pytest.param("PING", True, id="one connection reads"),
        pytest.param("SUBSCRIBE channel", False, id="one connection hears and reads"),
    ],
)
def test_what_is_read_counts_as_output_of_a_subscriber(valkey: Valkey, first: str, comes: bool) -> None:
    with (
        redis.Redis.from_url(valkey.url()) as observer,
        socket.create_connection(("127.0.0.1", valkey.port), timeout=60) as connection,
    ):
        observer.set("journal", b"j" * JOURNAL)
        address = "{}:{}".format(*connection.getsockname())
        connection.sendall(b"PING\r\n")
        assert _ends_with(connection, b"+PONG\r\n")
        wanted = ["HELLO 3", first, *["GET journal"] * JOURNALS, "ECHO the-end"]
        connection.sendall("".join(f"{command}\r\n" for command in wanted).encode())
        # Nothing is read until Redis has all answers in its buffer, or has closed the connection for them.
        wait_until(lambda: _last_command(observer, address) == ("echo" if comes else None))
        assert _ends_with(connection, b"the-end\r\n") is comes


def _last_command(observer: redis.Redis, address: str) -> str | None:
    """What came from there last; None where Redis has closed the connection."""
    clients = observer.client_list()
    return next((client["cmd"] for client in clients if client["addr"] == address), None)


def _ends_with(connection: socket.socket, end: bytes) -> bool:
    """Read until that has come, or until Redis closes the connection."""
    tail = b""
    try:
        while part := connection.recv(1024 * 1024):
            tail = (tail + part)[-len(end) :]
            if tail == end:
                return True
    except ConnectionResetError:
        pass
    return False
