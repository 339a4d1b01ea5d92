"""A request that is too large or too slow is refused with a clear word, before an application is asked."""

from __future__ import annotations

import json
import select
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from taskbeam.gateway import problems
from tests.support.event_stream import connected_socket
from tests.support.gateway import PATHS, gateway
from tests.support.waiting import DEADLINE, wait_until

if TYPE_CHECKING:
    import socket

    from stack.valkey import Valkey
    from taskbeam.gateway.problems import Problem
    from tests.support.gateway import Gateway
    from tests.support.journal import Task

SETTINGS = {"max_head_bytes": 4096, "max_body_bytes": 1000, "head_timeout": 1, "body_timeout": 1}

WEBSOCKET = (
    b"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
)


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes


def exchange(served: Gateway, *pieces: bytes) -> Answer | None:
    """Send the pieces, and take the answer; None where the connection is closed without one."""
    with connected_socket(served.port) as connection:
        for piece in pieces:
            try:
                connection.sendall(piece)
            except OSError:
                break  # it has closed already
        received = b""
        try:
            while piece := connection.recv(65536):
                received += piece
        except ConnectionResetError:
            pass  # it did not read all of what was sent
    if not received:
        return None
    head, _, body = received.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in lines)
    return Answer(int(first.split()[1]), headers, body)


def check(answer: Answer | None, problem: Problem) -> None:
    assert answer is not None
    assert (answer.status, answer.headers["connection"]) == (problem.status, "close")
    assert answer.headers["content-type"] == "application/problem+json"
    told: dict[str, Any] = json.loads(answer.body)
    assert (told["code"], told["status"], told["retry"]) == (problem.code, problem.status, problem.retry)


def post(body: bytes, *headers: bytes) -> bytes:
    lines = [
        b"POST /reports HTTP/1.1",
        b"Host: localhost",
        b"Content-Type: application/json",
        b"Connection: close",
        *headers,
    ]
    return b"\r\n".join([*lines, b"", b""]) + body


class TestAHeadThatIsTooLarge:
    @pytest.mark.parametrize("upgrade", [b"", WEBSOCKET])
    @pytest.mark.parametrize("size", [4097, 60_000])
    @pytest.mark.parametrize("where", ["header", "headers", "path"])
    def test_is_refused(self, served: Gateway, upgrade: bytes, size: int, where: str) -> None:
        path, headers = b"/healthz", b""
        if where == "path":
            path = b"/" + b"x" * size
        elif where == "header":
            headers = b"X-Large: " + b"x" * size + b"\r\n"
        else:
            headers = b"".join(b"X-%d: %b\r\n" % (number, b"x" * 90) for number in range(size // 90))
        request = b"GET %b HTTP/1.1\r\nHost: localhost\r\n%b%b\r\n" % (path, upgrade, headers)
        check(exchange(served, request), problems.HEAD_TOO_LARGE)

    def test_is_refused_before_its_end(self, served: Gateway) -> None:
        check(exchange(served, b"GET / HTTP/1.1\r\nX: " + b"x" * 5000), problems.HEAD_TOO_LARGE)

    def test_is_refused_on_the_second_request(self, served: Gateway) -> None:
        large = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * 5000 + b"\r\n\r\n"
        with connected_socket(served.port) as connection:
            connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
            read_until(connection, b'{"status":"ok"}')
            connection.sendall(large)
            assert connection.recv(4096).startswith(b"HTTP/1.1 431")

    def test_two_megabytes_are_neither_held_nor_left_without_an_end(self, served: Gateway) -> None:
        """The answer may be lost to whoever does not stop sending; the connection is closed all the same."""
        exchange(served, b"GET /ws HTTP/1.1\r\n" + WEBSOCKET + b"X: ", *[b"x" * 65536] * 32)

    def test_one_that_is_not(self, served: Gateway) -> None:
        head = b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX: %b\r\n\r\n"
        answer = exchange(served, head % (b"x" * 3900))
        assert answer is not None
        assert answer.status == 200


class TestATarget:
    """RFC 9112, 3.2: an origin server knows paths, and absolute addresses of its own."""

    @pytest.mark.parametrize(
        "line",
        [
            b"GET http://localhost",
            b"GET http://localhost?x",
            b"GET http://localhost:99999/healthz",
            b"GET http://else.example/healthz",
            b"GET http://user:password@localhost/healthz",
            b"GET *",
            b"CONNECT localhost:80",
            b"CONNECT /healthz",
        ],
    )
    def test_of_another_form_is_refused(self, served: Gateway, line: bytes) -> None:
        check(exchange(served, line + b" HTTP/1.1\r\nHost: localhost\r\n\r\n"), problems.BAD_REQUEST)

    @pytest.mark.parametrize("line", [b"GET http://LOCALHOST/healthz", b"GET /healthz?a=//b", b"OPTIONS *"])
    def test_of_a_known_form_is_answered(self, served: Gateway, line: bytes) -> None:
        answer = exchange(served, line + b" HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        assert answer is not None
        assert answer.status == (404 if b"*" in line else 200)

    def test_is_shorter_than_a_head_may_be(self, valkey: Valkey) -> None:
        """16,000 parameters took 25 ms of everybody's time, and 32 KB in the log."""
        line = b"GET /healthz?%b HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        with gateway(valkey.url().removesuffix("/0")) as roomy:
            check(exchange(roomy, line % (b"a&" * 4000)), problems.HEAD_TOO_LARGE)
            answer = exchange(roomy, line % (b"a&" * 3900))
            assert answer is not None
            assert answer.status == 200


def test_no_websocket_is_opened_by_a_request_of_http_1_0(served: Gateway) -> None:
    """RFC 6455, 4.1."""
    request = b"GET /ws HTTP/1.0\r\nHost: localhost\r\n" + WEBSOCKET + b"\r\n"
    check(exchange(served, request), problems.BAD_REQUEST)


class TestABodyThatIsTooLarge:
    BODY = b'{"user_id": 123, "padding": "' + b"x" * 1000 + b'"}'

    def test_is_refused(self, served: Gateway) -> None:
        check_status(exchange(served, post(self.BODY, b"Content-Length: %d" % len(self.BODY))))

    def test_is_refused_in_chunks(self, served: Gateway) -> None:
        chunk = b"%x\r\n%b\r\n" % (len(self.BODY), self.BODY)
        check_status(exchange(served, post(chunk + b"0\r\n\r\n", b"Transfer-Encoding: chunked")))

    def test_is_refused_by_what_it_says_of_itself(self, served: Gateway) -> None:
        check_status(exchange(served, post(b"{", b"Content-Length: 999999999999")))


def check_status(answer: Answer | None) -> None:
    assert answer is not None
    assert (answer.status, json.loads(answer.body)["code"]) == (413, "too_large")


class TestABodyThatIsNoJson:
    @pytest.mark.parametrize(
        "media_type", ["", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data"]
    )
    def test_is_refused(self, served: Gateway, media_type: str) -> None:
        """Those that a page of any other site may send without asking first."""
        body = b'{"user_id": 123}'
        request = post(body, b"Content-Length: %d" % len(body))
        answer = exchange(served, request.replace(b"application/json", media_type.encode()))
        assert answer is not None
        assert (answer.status, json.loads(answer.body)["code"]) == (415, "unsupported_media_type")


class TestSlowness:
    @pytest.mark.parametrize(
        "sent", [b"", b"GET", b"GET / HTTP/1.1\r\nHost: localhost\r\n", b"GET / HTTP/1.1\r\n" + WEBSOCKET]
    )
    def test_of_a_head(self, served: Gateway, sent: bytes) -> None:
        check(exchange(served, sent), problems.TOO_SLOW)

    def test_that_trickles_does_not_help(self, served: Gateway) -> None:
        with connected_socket(served.port) as connection:
            connection.sendall(b"GET / HTTP/1.1\r\n")
            connection.settimeout(0.05)
            received, deadline = b"", time.monotonic() + DEADLINE
            while not received and time.monotonic() < deadline:
                connection.sendall(b"X: y\r\n")
                with suppress(TimeoutError):
                    received = connection.recv(4096)
            assert received.startswith(b"HTTP/1.1 408")

    def test_of_a_body(self, served: Gateway) -> None:
        check(exchange(served, post(b"{", b"Content-Length: 100")), problems.TOO_SLOW)

    def test_of_the_second_request(self, served: Gateway) -> None:
        with connected_socket(served.port) as connection:
            connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
            read_until(connection, b'{"status":"ok"}')
            connection.sendall(b"GET /hea")
            assert connection.recv(4096).startswith(b"HTTP/1.1 408")

    def test_is_not_that_of_a_stream(self, served: Gateway, task: Task) -> None:
        with connected_socket(served.port) as stream, connected_socket(served.port) as late:
            stream.sendall(b"GET /tasks/%b/events HTTP/1.1\r\nHost: localhost\r\n\r\n" % task.id.encode())
            read_until(stream, b"PENDING")
            late.recv(1)  # until somebody who came later was too slow
            task.append("still there")
            read_until(stream, b"still there")


def read_until(connection: socket.socket, mark: bytes) -> None:
    received = b""
    while mark not in received:
        piece = connection.recv(65536)
        assert piece, received
        received += piece


def test_all_of_it_is_gone(served: Gateway) -> None:
    """Connections are the server's no longer, and nothing above was its error."""
    assert "Traceback" not in served.process.output
    assert "Error" not in served.process.output
    wait_until(lambda: served.clients() == 0)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(("head", "idle", "first"), [(60, 1, "kept"), (8, 60, "silent")])
def test_an_idle_connection_is_kept_for_as_long_as_the_setting_says(
    valkey: Valkey, path: str, head: int, idle: int, first: str
) -> None:
    """Shorter than the head of another may take, and longer; by default it would be 5 s."""
    settings: dict[str, Any] = {"head_timeout": head, "keep_alive_timeout": idle}
    with (
        gateway(valkey.url().removesuffix("/0"), path, **settings) as served,
        connected_socket(served.port) as silent,
        connected_socket(served.port) as kept,
    ):
        silent.sendall(b"GET /healthz HTTP/1.1\r\n")
        kept.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        received = b""
        while not received.endswith(b"}"):
            received += kept.recv(4096)
        assert received.startswith(b"HTTP/1.1 200")
        readable, _, _ = select.select([silent, kept], [], [], DEADLINE)
        assert readable == [kept if first == "kept" else silent]
        assert first != "kept" or kept.recv(1) == b""
