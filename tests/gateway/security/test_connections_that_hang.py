"""What a client sends beside heads and bodies: it grows nothing, hangs nowhere, and is taken for nothing."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import httpx
import psutil
import pytest

from stack.process import execute
from taskbeam.gateway import problems
from tests.gateway.security.test_intake import WEBSOCKET, check, exchange, post, read_until
from tests.support.event_stream import connected_socket
from tests.support.gateway import PATHS, Gateway, gateway
from tests.support.tokens import TOKENS
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator

    from stack.valkey import Valkey
    from tests.support.journal import Task

START = execute
SETTINGS = {"max_head_bytes": 16 * 1024, "head_timeout": 1, "body_timeout": 2}

REPORT = b'{"user_id": 123}'

CHUNKED = b"Transfer-Encoding: chunked"

BODY = b"%x\r\n%b\r\n0\r\n" % (len(REPORT), REPORT)


@pytest.fixture(scope="module", params=PATHS)
def with_tokens(request: pytest.FixtureRequest, valkey: Valkey) -> Iterator[Gateway]:
    with gateway(valkey.url().removesuffix("/0"), request.param, **TOKENS) as running:
        yield running


class TestTrailers:
    @pytest.mark.parametrize(
        "trailer",
        [b"X-API-Key: an-api-key-of-the-tests", b"Authorization: Bearer x", b"Taskbeam-Owner: somebody"],
    )
    def test_are_no_headers(self, with_tokens: Gateway, trailer: bytes) -> None:
        """RFC 9110, 6.5.1: a field that says who asks is never taken from there."""
        answer = exchange(with_tokens, post(BODY + trailer + b"\r\n\r\n", CHUNKED))
        assert answer is not None
        assert (answer.status, json.loads(answer.body)["code"]) == (401, "unauthenticated")

    def test_make_no_repeated_request_of_another_one(self, served: Gateway) -> None:
        ids = set()
        for _ in range(2):
            answer = exchange(served, post(BODY + b"Idempotency-Key: the-same\r\n\r\n", CHUNKED))
            assert answer is not None
            ids.add(json.loads(answer.body)["task_id"])
        assert len(ids) == 2

    @pytest.mark.parametrize("line", [b"a: %b\r\n" % (b"z" * 4000), b"z" * 4000])
    @pytest.mark.parametrize("method", [b"POST /reports", b"GET /healthz", b"POST /nothing"])
    def test_have_a_bound(self, served: Gateway, method: bytes, line: bytes) -> None:
        request = post(b"0\r\na: ", CHUNKED).replace(b"POST /reports", method)
        memory = psutil.Process(served.process.pid).memory_info
        before = memory().rss
        exchange(served, request, *[line * 16] * 500)  # 32 MB
        assert memory().rss - before < 8 * 2**20

    def test_past_the_bound_are_refused(self, served: Gateway) -> None:
        trailers = b"".join(b"a%d: %b\r\n" % (number, b"z" * 1000) for number in range(20))
        check(exchange(served, post(BODY[:-3] + b"0\r\n" + trailers, CHUNKED)), problems.HEAD_TOO_LARGE)

    def test_of_a_usual_size_are_passed_over(self, served: Gateway) -> None:
        answer = exchange(served, post(BODY + b"Checksum: abc\r\n\r\n", CHUNKED))
        assert answer is not None
        assert answer.status == 202


class TestChunkExtensions:
    def test_have_a_bound(self, served: Gateway) -> None:
        check(
            exchange(served, post(b"1;" + b"x" * 20_000, CHUNKED), *[b"x" * 65536] * 16), problems.TOO_LARGE
        )

    def test_of_a_usual_size_are_passed_over(self, served: Gateway) -> None:
        body = b"%x;name=value\r\n%b\r\n0\r\n\r\n" % (len(REPORT), REPORT)
        answer = exchange(served, post(body, CHUNKED))
        assert answer is not None
        assert answer.status == 202


class TestAnUpgrade:
    @pytest.mark.parametrize("path", [b"/ws", b"/tasks/x/ws", b"/healthz"])
    @pytest.mark.parametrize(
        ("method", "headers", "body"),
        [
            (b"POST", b"Content-Length: 3\r\n", b"abc"),
            (b"POST", b"", b""),
            (b"GET", b"Content-Length: 3\r\n", b"abc"),
            (b"GET", b"Transfer-Encoding: chunked\r\n", b"3\r\nabc\r\n0\r\n\r\n"),
            (b"PUT", b"Transfer-Encoding: chunked\r\n", b""),
        ],
    )
    def test_that_is_no_handshake_is_refused(
        self, served: Gateway, path: bytes, method: bytes, headers: bytes, body: bytes
    ) -> None:
        request = b"%b %b HTTP/1.1\r\nHost: localhost\r\n%b%b\r\n%b" % (
            method,
            path,
            WEBSOCKET,
            headers,
            body,
        )
        check(exchange(served, request), problems.BAD_REQUEST)

    @pytest.mark.parametrize("path", [b"/ws", b"/tasks/%b/ws"])
    @pytest.mark.parametrize(
        "headers",
        [
            pytest.param(b"Cookie: session=%b\r\n" % (b"c" * 12_000), id="a large cookie"),
            pytest.param(b"".join(b"X-%d: y\r\n" % number for number in range(300)), id="many fields"),
        ],
    )
    def test_of_a_browser_with_a_large_head_is_accepted(
        self, served: Gateway, task: Task, path: bytes, headers: bytes
    ) -> None:
        """The parser of `websockets` knows no line over 8 KB, and no more than 128 of them."""
        where = path.replace(b"%b", task.id.encode())
        with connected_socket(served.port) as connection:
            connection.sendall(
                b"GET %b HTTP/1.1\r\nHost: localhost\r\n%b%b\r\n" % (where, WEBSOCKET, headers)
            )
            assert connection.recv(4096).startswith(b"HTTP/1.1 101")

    @pytest.mark.parametrize("offer", [b"h2c", b"TLS/1.0", b"irc/6.9, h2c"])
    @pytest.mark.parametrize(
        ("framing", "body"),
        [(b"Content-Length: %d" % len(REPORT), REPORT), (CHUNKED, BODY + b"\r\n")],
    )
    def test_to_another_protocol_is_passed_over_and_the_body_is_not(
        self, served: Gateway, offer: bytes, framing: bytes, body: bytes
    ) -> None:
        """RFC 9110, 7.8: a server may ignore the offer. Java's client makes one with every request."""
        request = b"\r\n".join(
            [
                b"POST /reports HTTP/1.1",
                b"Host: localhost",
                b"Content-Type: application/json",
                b"Connection: Upgrade, HTTP2-Settings",
                b"Upgrade: " + offer,
                b"HTTP2-Settings: AAEAAEAAAAIAAAABAAMAAABkAAQBAAAAAAUAAEAA",
                framing,
                b"",
                body,
            ]
        )
        behind = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        for pieces in ([request + behind], [request[:-5], request[-5:], behind]):
            with connected_socket(served.port) as connection:
                for piece in pieces:
                    connection.sendall(piece)
                in_order(connection, b"HTTP/1.1 202", b'{"status":"ok"}')


class TestBareLines:
    def test_behind_a_finished_request_are_a_head_that_is_late(self, served: Gateway) -> None:
        with connected_socket(served.port) as connection:
            connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
            read_until(connection, b'{"status":"ok"}')
            connection.sendall(b"\r\n")
            assert connection.recv(4096).startswith(b"HTTP/1.1 408")

    def test_in_front_of_a_request_are_passed_over(self, served: Gateway) -> None:
        with connected_socket(served.port) as connection:
            connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
            read_until(connection, b'{"status":"ok"}')
            connection.sendall(b"\r\nGET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            read_until(connection, b'{"status":"ok"}')


class TestHosts:
    @pytest.mark.parametrize("upgrade", [b"", WEBSOCKET])
    @pytest.mark.parametrize(
        "hosts", [b"", b"Host: localhost\r\nHost: localhost\r\n", b"Host: localhost\r\nHost: example.org\r\n"]
    )
    def test_are_exactly_one(self, served: Gateway, hosts: bytes, upgrade: bytes) -> None:
        """RFC 9112, 3.2."""
        request = b"GET /ws HTTP/1.1\r\n%b%b\r\n" % (hosts, upgrade)
        check(exchange(served, request), problems.BAD_REQUEST)


class TestAnswersInOrder:
    LONG_POLL = b"GET /tasks/%b?wait=2&after=%b HTTP/1.1\r\nHost: localhost\r\n\r\n"

    def wait(self, task: Task) -> bytes:
        cursor = json.loads(task.bodies()[-1])["id"].encode()
        return self.LONG_POLL % (task.id.encode(), cursor)

    def test_a_late_head_does_not_take_the_answer_of_the_request_before(
        self, served: Gateway, task: Task
    ) -> None:
        with connected_socket(served.port) as connection:
            connection.sendall(self.wait(task) + b"GET /hea")
            received = whole(connection)
        assert re.findall(rb"HTTP/1.1 (\d+)", received) == [b"200", b"408"]

    def test_a_bad_request_is_answered_behind_those_before(self, served: Gateway, task: Task) -> None:
        with connected_socket(served.port) as connection:
            connection.sendall(self.wait(task) + b"\x00\r\n\r\n")
            received = whole(connection)
        assert re.findall(rb"HTTP/1.1 (\d+)", received) == [b"200", b"400"]

    @pytest.mark.parametrize("path", [b"/ws", b"/tasks/%b/ws"])
    def test_a_handshake_waits_for_the_request_before(self, served: Gateway, task: Task, path: bytes) -> None:
        where = path.replace(b"%b", task.id.encode())
        with connected_socket(served.port) as connection:
            connection.sendall(
                self.wait(task) + b"GET %b HTTP/1.1\r\nHost: localhost\r\n%b\r\n" % (where, WEBSOCKET)
            )
            in_order(connection, b"HTTP/1.1 200", b"HTTP/1.1 101")


def whole(connection: socket.socket) -> bytes:
    """All until the end of the connection."""
    received = b""
    while piece := connection.recv(65536):
        received += piece
    return received


def in_order(connection: socket.socket, *marks: bytes) -> None:
    """Read until all of it was there, one behind the other."""
    received, position = b"", 0
    for mark in marks:
        while (found := received.find(mark, position)) < 0:
            piece = connection.recv(65536)
            assert piece, received
            received += piece
        position = found + len(mark)


class TestRefusals:
    def test_say_when(self, served: Gateway) -> None:
        """RFC 9110, 6.6.1: a server with a clock gives every answer a Date."""
        answer = exchange(served, b"GET /healthz HTTP/1.1\r\n\r\n")
        assert answer is not None
        assert answer.headers["date"].endswith(" gmt")

    def test_are_read_by_who_still_sends(self, served: Gateway) -> None:
        head = b"GET / HTTP/1.1\r\nHost: localhost\r\nX: "
        check(exchange(served, head + b"x" * 20_000, *[b"x" * 10_000] * 20), problems.HEAD_TOO_LARGE)


def test_nothing_hangs_and_nobody_is_locked_out(valkey: Valkey) -> None:
    """150 of each kind from one address: who else asks is answered, and in the end all of them are gone."""
    hostile = [
        b"",
        b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"POST /ws HTTP/1.1\r\nHost: localhost\r\n" + WEBSOCKET + b"Content-Length: 3\r\n\r\nabc",
        post(b"{", b"Content-Length: 100"),
        post(b"0\r\na: b\r\n", CHUNKED),
    ]
    settings: dict[str, Any] = {**SETTINGS, "max_connections": 40, "max_connections_per_address": 10}
    for path in PATHS:
        with gateway(valkey.url().removesuffix("/0"), path, **settings) as served:
            crowd = []
            for sent in hostile:
                for _ in range(150):
                    connection = connected_socket(served.port)
                    connection.sendall(sent)
                    crowd.append(connection)
                assert httpx.get(f"{served.http}/readyz").status_code == 200
            wait_until(lambda served=served: served.clients() == 0)  # type: ignore[misc]
            for connection in crowd:
                connection.close()


def test_all_of_it_is_gone(served: Gateway) -> None:
    assert "Traceback" not in served.process.output
    wait_until(lambda: served.clients() == 0)
