"""The relay does to bytes what its weather says, and nothing in calm."""

from __future__ import annotations

import gc
import socket
import time
from threading import Thread
from typing import TYPE_CHECKING

import pytest

from tests.support.relay import BLACK_HOLE, CALM, RESET_AT_ONCE, Relay, Weather
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Seconds that a test waits for bytes that should come, and for bytes that should not.
SOON, NEVER = 30.0, 0.3


@pytest.fixture
def relay() -> Iterator[Relay]:
    """Before a server that returns what it is sent."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        Thread(target=serve_echo, args=(listener,), daemon=True).start()
        with Relay(listener.getsockname()[1]) as running:
            yield running
        listener.shutdown(socket.SHUT_RDWR)


def serve_echo(listener: socket.socket) -> None:
    def echo(client: socket.socket) -> None:
        with client:
            try:
                while data := client.recv(65536):
                    client.sendall(data)
            except OSError:
                return

    while True:
        try:
            client, _ = listener.accept()
        except OSError:
            return
        Thread(target=echo, args=(client,), daemon=True).start()


def connect(relay: Relay) -> socket.socket:
    return socket.create_connection(("127.0.0.1", relay.port), timeout=SOON)


def exactly(client: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count and (more := client.recv(count - len(data))):
        data += more
    return data


def everything(client: socket.socket) -> bytes:
    """What comes until the connection is cut by FIN."""
    return exactly(client, 1 << 30)


def flood(server: socket.socket) -> None:
    """Send until nobody takes it any more."""
    try:
        while True:
            server.sendall(bytes(65536))
    except OSError:
        return


def hears_the_end(client: socket.socket) -> bool:
    try:
        return client.recv(1) == b""
    except ConnectionError:
        return True


def test_in_calm_everything_passes_in_both_directions(relay: Relay) -> None:
    with connect(relay) as client:
        sent = bytes(range(256)) * 4000
        Thread(target=client.sendall, args=(sent,), daemon=True).start()
        assert exactly(client, len(sent)) == sent
        client.shutdown(socket.SHUT_WR)
        assert client.recv(1) == b""
    wait_until(lambda: relay.live("") == 0)


@pytest.mark.parametrize("count", [1, 5, 9])
def test_an_answer_is_cut_at_a_byte(relay: Relay, count: int) -> None:
    relay.weather = Weather(cut_at=count)
    for _ in range(2):  # each connection that comes
        with connect(relay) as client:
            client.sendall(b"0123456789")
            assert everything(client) == b"0123456789"[:count]


def test_a_connection_that_is_there_is_cut_from_now_on(relay: Relay) -> None:
    with connect(relay) as client:
        client.sendall(b"before")
        assert exactly(client, 6) == b"before"
        relay.weather = Weather(cut_at=2)
        client.sendall(b"behind")
        assert everything(client) == b"be"


def test_a_connection_is_reset_while_it_shakes_hands(relay: Relay) -> None:
    relay.weather = RESET_AT_ONCE
    with pytest.raises(ConnectionResetError), connect(relay) as client:
        client.recv(1)
    relay.weather = CALM
    with connect(relay) as client:
        client.sendall(b"again")
        assert exactly(client, 5) == b"again"
        relay.cut(reset=True)
        with pytest.raises(ConnectionResetError):
            client.recv(1)


def test_what_fell_into_a_black_hole_passes_when_it_is_over(relay: Relay) -> None:
    with connect(relay) as client:
        client.sendall(b"a")
        assert exactly(client, 1) == b"a"
        relay.weather = BLACK_HOLE
        client.sendall(b"b")
        client.settimeout(NEVER)
        with pytest.raises(TimeoutError):
            client.recv(1)
        client.settimeout(SOON)
        relay.weather = CALM
        assert exactly(client, 1) == b"b"


def test_a_delay_is_of_each_piece_and_not_of_one_after_the_other(relay: Relay) -> None:
    relay.weather = Weather(delay=0.5)
    with connect(relay) as client:
        began = time.monotonic()
        for _ in range(60):
            client.sendall(b"x")
            time.sleep(0.01)
        assert exactly(client, 60) == b"x" * 60
        took = time.monotonic() - began
    assert 1.0 <= took < 30.0  # there and back; one after the other would be a minute


def test_a_slow_line_has_a_rate(relay: Relay) -> None:
    relay.weather = Weather(rate=10_000)
    with connect(relay) as client:
        began = time.monotonic()
        client.sendall(b"x" * 10_000)
        assert len(exactly(client, 10_000)) == 10_000
        assert time.monotonic() - began >= 0.9


def test_who_has_just_come_or_reads_nothing_outlives_no_relay() -> None:
    """An open socket would be noticed at any time after, in some other test."""
    with (
        socket.create_server(("127.0.0.1", 0), backlog=1000) as behind,
        Relay(behind.getsockname()[1]) as relay,
    ):
        deaf = connect(relay)
        server, _ = behind.accept()
        sending = Thread(target=flood, args=(server,), daemon=True)
        sending.start()
        wait_until(lambda: relay.live("") == 1)
        crowd = [connect(relay) for _ in range(50)]
    sending.join()
    assert all(hears_the_end(client) for client in crowd)
    gc.collect()  # what is still open is an error, which pytest raises
    for each in (deaf, server, *crowd):
        each.close()
