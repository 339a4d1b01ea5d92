"""Requests that a client sends before it has the answer to the one before (RFC 9112, 9.3.2)."""

from __future__ import annotations

import re
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from stack.valkey import Valkey
from tests.support.event_stream import connected_socket
from tests.support.gateway import Gateway, gateway
from tests.support.journal import Journals
from tests.support.raw_websocket import HANDSHAKE, RawWebSocket
from tests.support.results import server_of_results
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator

    from tests.support.journal import Task

#: Connections.
LIMIT = 3

HEALTHZ = "/healthz"
UNKNOWN = "/tasks/nobody-sent-it/events"


def get(path: str, headers: bytes = b"") -> bytes:
    return b"GET %b HTTP/1.1\r\nHost: localhost\r\n%b\r\n" % (path.encode(), headers)


def statuses(served: Gateway, *requests: bytes, last: bytes) -> list[int]:
    """The statuses of the answers to what is sent at once; the last answer has that text."""
    with connected_socket(served.port) as connection:
        connection.sendall(b"".join(requests))
        received = until(connection, last)
    return [int(status) for status in re.findall(rb"HTTP/1\.1 ([0-9]{3}) ", received)]


def until(connection: socket.socket, text: bytes) -> bytes:
    """What comes up to a text, or to the end."""
    received = b""
    while text not in received and (piece := connection.recv(65536)):
        received += piece
    return received


class TestAnswersAreInOrder:
    def test_when_the_first_is_none_of_a_stream(self, served: Gateway, task: Task) -> None:
        requests = [get(HEALTHZ), get(f"/tasks/{task.id}/events")]
        assert statuses(served, *requests, last=b"PENDING") == [200, 200]

    @pytest.mark.parametrize("path", [UNKNOWN, "/tasks/nobody%2Dsent-it/events"])
    def test_when_the_first_wants_a_stream_that_is_none(self, served: Gateway, path: str) -> None:
        assert statuses(served, get(path), get(HEALTHZ), last=b'"ok"') == [404, 200]

    def test_when_the_first_wants_what_has_ended(self, served: Gateway, task: Task) -> None:
        ended = get(f"/tasks/{task.id}/events?after={task.finish()}")
        assert statuses(served, ended, get(HEALTHZ), last=b'"ok"') == [204, 200]

    def test_when_many_want_streams_of_which_the_last_is_one(self, served: Gateway, task: Task) -> None:
        requests = [get(UNKNOWN), get(HEALTHZ), get(UNKNOWN), get(UNKNOWN), get(f"/tasks/{task.id}/events")]
        assert statuses(served, *requests, last=b"PENDING") == [404, 200, 404, 404, 200]

    @pytest.mark.parametrize("hyphen", ["-", "%2D"])
    def test_when_the_first_is_a_stream_it_is_the_only_one(
        self, served: Gateway, task: Task, hyphen: str
    ) -> None:
        """It says that the connection closes behind it."""
        with connected_socket(served.port) as connection:
            connection.sendall(get(f"/tasks/{task.id.replace('-', hyphen)}/events") + get(HEALTHZ))
            received = until(connection, b"PENDING")
            task.grow(2)
            task.finish()
            received += until(connection, b"\r\n0\r\n\r\n")
        assert received.count(b"HTTP/1.1 ") == 1
        assert received.count(b"\nid: ") == len(task.bodies())
        assert received.endswith(b"\r\n0\r\n\r\n")


@pytest.fixture
def own_valkey() -> Iterator[Valkey]:
    with Valkey() as server:
        yield server


class TestAStreamWithARequestBehindIt:
    @pytest.mark.parametrize("behind", [get(HEALTHZ), b"GET /hea", b"\r\n"])
    def test_is_left_when_its_client_leaves(self, valkey: Valkey, task: Task, behind: bytes) -> None:
        """No heartbeat is needed to find out."""
        with gateway(valkey.url().removesuffix("/0"), heartbeat=600) as served:
            with connected_socket(served.port) as connection:
                connection.sendall(get(f"/tasks/{task.id}/events") + behind)
                assert b"PENDING" in until(connection, b"PENDING")
                task.wait_for_subscribers(1)
            wait_until(lambda: not task.subscribers, lambda: "the stream to be left")


class TestASocketBehindAnotherRequest:
    def test_is_opened_behind_its_answer_or_not_at_all(self, valkey: Valkey, task: Task) -> None:
        with gateway(valkey.url().removesuffix("/0")) as served:
            found = statuses(served, get(HEALTHZ), get(f"/tasks/{task.id}/ws", HANDSHAKE), last=b"PENDING")
        assert found in ([], [200], [200, 101])

    def test_that_wants_a_stream_disturbs_nobody_and_leaves_nothing(self, own_valkey: Valkey) -> None:
        origin = own_valkey.url().removesuffix("/0")
        with (
            Journals(own_valkey.url(1)) as journals,
            gateway(origin, max_connections=LIMIT, heartbeat=600) as served,
        ):
            task = journals.task()
            path = f"/tasks/{task.id}"
            results = server_of_results(own_valkey)
            results.pause()  # so that both wait for the same read
            try:
                with connected_socket(served.port) as odd:
                    odd.sendall(get(f"{path}/events") + get(f"{path}/ws", HANDSHAKE))
                    with RawWebSocket(served, f"{path}/ws") as other:
                        results.resume()
                        assert other.body() == task.bodies()[0]
                        task.append()
                        assert other.body() == task.bodies()[1]
            finally:
                results.resume()
            wait_until(lambda: not task.subscribers, lambda: "the task to be left")
            with ExitStack() as stack:
                for _ in range(LIMIT):
                    socket = stack.enter_context(RawWebSocket(served, f"{path}/ws"))
                    assert socket.body() == task.bodies()[0]
            assert "Error" not in served.process.output
