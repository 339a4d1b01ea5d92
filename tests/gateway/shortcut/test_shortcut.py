"""Which requests the application never sees: plain ones, and no others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.raw_websocket import HANDSHAKE
from tests.support.tokens import KEYS, sign

from .watched import Watched, watched

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stack.valkey import Valkey
    from tests.support.journal import Task

#: Which answer a request has that is answered as it should be, by its last part.
GOOD = {b"events": b"HTTP/1.1 200 OK", b"ws": b"HTTP/1.1 101 Switching Protocols"}

PARTS = pytest.mark.parametrize("part", [b"events", b"ws"])


def get(
    task: Task, part: bytes, query: bytes = b"", headers: bytes = b"", *, first: bytes = b"GET {} HTTP/1.1"
) -> bytes:
    target = b"/tasks/%b/%b%b" % (task.id.encode(), part, query)
    handshake = HANDSHAKE if part == b"ws" else b""
    return b"%b\r\nHost: localhost\r\n%b%b\r\n" % (first.replace(b"{}", target), handshake, headers)


def status(answer: bytes) -> bytes:
    return answer.partition(b"\r\n")[0]


@pytest.fixture(scope="module")
def gateway(valkey: Valkey) -> Iterator[Watched]:
    with watched(valkey) as running:
        yield running


@pytest.fixture(scope="module")
def strict(valkey: Valkey) -> Iterator[Watched]:
    """It asks for tokens."""
    with watched(valkey, auth="tokens", token_keys=KEYS) as running:
        yield running


@pytest.fixture(autouse=True)
def nothing_was_asked(gateway: Watched, strict: Watched) -> None:
    gateway.asked.clear()
    strict.asked.clear()


class TestIsTaken:
    @PARTS
    def test_by_a_plain_request(self, gateway: Watched, task: Task, part: bytes) -> None:
        assert status(gateway.answer(get(task, part))) == GOOD[part]
        assert gateway.asked == []

    @PARTS
    def test_by_one_with_a_cursor(self, gateway: Watched, task: Task, part: bytes) -> None:
        cursor = str(task.append()).encode()
        task.append("news")
        answer = gateway.answer(get(task, part, b"?after=" + cursor), until=b'"news"')
        assert status(answer) == GOOD[part]
        assert gateway.asked == []

    @PARTS
    @pytest.mark.parametrize("header", [b"Authorization: Bearer %b", b"Cookie: a=b; __Secure-taskbeam=%b"])
    def test_by_one_with_a_good_token(self, strict: Watched, task: Task, part: bytes, header: bytes) -> None:
        token = sign(tasks=[task.id]).encode()
        assert status(strict.answer(get(task, part, headers=header % token + b"\r\n"))) == GOOD[part]
        assert strict.asked == []

    def test_by_a_socket_that_brings_its_token_as_a_subprotocol(self, strict: Watched, task: Task) -> None:
        offer = b"Sec-WebSocket-Protocol: taskbeam, taskbeam.token.%b\r\n" % sign(tasks=[task.id]).encode()
        answer = strict.answer(get(task, b"ws", headers=offer))
        assert b"\r\nsec-websocket-protocol: taskbeam\r\n" in answer.lower()
        assert strict.asked == []

    def test_by_a_socket_that_will_say_who_it_is(self, strict: Watched, task: Task) -> None:
        assert status(strict.answer(get(task, b"ws"))) == GOOD[b"ws"]
        assert strict.asked == []

    def test_on_a_connection_that_was_used_before(self, gateway: Watched, task: Task) -> None:
        healthz = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
        assert b"PENDING" in gateway.answer(healthz + get(task, b"events"), until=b"PENDING")
        assert gateway.asked == ["/healthz"]


class TestIsNotTaken:
    @PARTS
    @pytest.mark.parametrize("query", [b"?ticket=abc", b"?after=&ticket=abc", b"?more=1"])
    def test_by_one_with_other_parameters(
        self, gateway: Watched, task: Task, part: bytes, query: bytes
    ) -> None:
        assert status(gateway.answer(get(task, part, query))) == GOOD[part]
        assert gateway.asked == [f"/tasks/{task.id}/{part.decode()}"]

    @PARTS
    def test_by_one_with_an_escaped_id(self, gateway: Watched, task: Task, part: bytes) -> None:
        request = get(task, part).replace(b"-", b"%2D", 1)
        assert status(gateway.answer(request)) == GOOD[part]
        assert len(gateway.asked) == 1

    @pytest.mark.parametrize("first", [b"GET {} HTTP/1.0", b"HEAD {} HTTP/1.1", b"POST {} HTTP/1.1"])
    def test_by_another_method_or_version(self, gateway: Watched, task: Task, first: bytes) -> None:
        answer = gateway.answer(get(task, b"events", first=first))
        assert status(answer).split()[1] == (b"405" if first.startswith(b"POST") else b"200")
        assert len(gateway.asked) == 1

    def test_by_a_page_of_another_site(self, gateway: Watched, task: Task) -> None:
        foreign = b"Origin: https://evil.example\r\n"
        assert status(gateway.answer(get(task, b"events", headers=foreign))) == GOOD[b"events"]
        assert b" 403 " in status(gateway.answer(get(task, b"ws", headers=foreign)))
        assert len(gateway.asked) == 2

    @PARTS
    def test_by_one_with_a_bad_token(self, strict: Watched, task: Task, part: bytes) -> None:
        bad = b"Authorization: Bearer abc\r\n"
        answer = strict.answer(get(task, part, headers=bad), until=b"unauthenticated")
        assert status(answer) == (GOOD[part] if part == b"ws" else b"HTTP/1.1 401 Unauthorized")
        assert len(strict.asked) == 1

    def test_by_a_handshake_that_is_not_one(self, gateway: Watched, task: Task) -> None:
        for good, bad in ((b"Version: 13", b"Version: 12"), (b"Key: d", b"Key: ")):
            assert status(gateway.answer(get(task, b"ws").replace(good, bad))).split()[1] in (b"400", b"426")
