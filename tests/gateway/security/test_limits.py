"""How many connections, and how much on them: each limit with its clear error, and each comes back."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from websockets.frames import Opcode

from taskbeam.gateway import problems
from tests.support.event_stream import EventStream, connected_socket
from tests.support.gateway import PATHS, Gateway, gateway
from tests.support.raw_websocket import Closed, RawWebSocket, frame, text
from tests.support.tokens import TOKENS, bearer, sign
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from stack.valkey import Valkey
    from tests.support.journal import Journals, Task

REFUSED = Closed(4429, "too_many_connections")


@contextmanager
def limited(valkey: Valkey, path: str, **settings: Any) -> Iterator[Gateway]:
    with gateway(valkey.url().removesuffix("/0"), path, **settings) as running:
        yield running


@pytest.fixture(scope="module", params=PATHS)
def crowded(request: pytest.FixtureRequest, valkey: Valkey) -> Iterator[Gateway]:
    """Three connections from one address, two with one identity."""
    settings = TOKENS | {"max_connections_per_address": 3, "max_connections_per_identity": 2}
    with limited(valkey, request.param, **settings) as running:
        yield running


def refused(answer: httpx.Response, problem: problems.Problem) -> bool:
    return (answer.status_code, answer.json()["code"], answer.headers["retry-after"]) == (
        problem.status,
        problem.code,
        "5",
    )


class TestConnections:
    OPEN: tuple[Callable[[Gateway, Task, str], Any], ...] = (
        lambda served, task, token: EventStream(served, task.id, headers=bearer(token)),
        lambda served, task, token: RawWebSocket(served, f"/tasks/{task.id}/ws", headers=bearer(token)),
        lambda served, _, token: RawWebSocket(served, "/ws", headers=bearer(token)),
    )

    def tokens(self, task: Task, kind: str) -> Iterator[str]:
        """Each of another subject, or all of one."""
        number = 0
        while True:
            yield sign(tasks=[task.id], sub="one" if kind == "identity" else f"subject {number}")
            number += 1

    @pytest.mark.parametrize(("kind", "most"), [("address", 3), ("identity", 2)])
    def test_that_are_too_many(self, crowded: Gateway, task: Task, kind: str, most: int) -> None:
        tokens = self.tokens(task, kind)
        url = f"{crowded.http}/tasks/{task.id}"
        for _ in range(2):  # the second round shows that the first has left nothing behind
            with ExitStack() as stack:
                for number in range(most):
                    opened = stack.enter_context(self.OPEN[number](crowded, task, next(tokens)))
                    if number < 2:
                        assert opened.body() == task.bodies()[0]
                with EventStream(crowded, task.id, headers=bearer(next(tokens))) as stream:
                    assert stream.status == 429
                for path in (f"/tasks/{task.id}/ws", "/ws"):
                    with RawWebSocket(crowded, path, headers=bearer(next(tokens))) as socket:
                        assert socket.closed() == REFUSED
                assert refused(httpx.get(url, headers=bearer(next(tokens))), problems.TOO_MANY_CONNECTIONS)
                assert httpx.get(f"{crowded.http}/readyz").status_code == 200
            wait_until(lambda: httpx.get(url, headers=bearer(next(tokens))).status_code == 200)

    def test_of_one_identity_come_to_it_on_the_socket_too(self, crowded: Gateway, task: Task) -> None:
        token = sign(tasks=[task.id], sub="later")
        with ExitStack() as stack:
            for _ in range(2):
                socket = stack.enter_context(RawWebSocket(crowded, headers=bearer(token)))
                socket.say(op="ping")
                assert socket.json()["op"] == "pong"
            anonymous = stack.enter_context(RawWebSocket(crowded))
            anonymous.say(op="auth", token=token)
            assert anonymous.json()["code"] == "too_many_connections"

    @pytest.mark.parametrize("path", PATHS)
    def test_of_the_process(self, valkey: Valkey, task: Task, path: str) -> None:
        with limited(valkey, path, max_connections=2) as served, ExitStack() as stack:
            for _ in range(2):
                stack.enter_context(EventStream(served, task.id)).body()
            with EventStream(served, task.id) as stream:
                assert (stream.status, stream.response.headers["retry-after"]) == (429, "5")
            assert httpx.get(f"{served.http}/readyz").status_code == 200

    @pytest.mark.parametrize("path", PATHS)
    def test_that_say_nothing_at_all(self, valkey: Valkey, path: str) -> None:
        """They have their own limit, so that streams and requests come through."""
        with (
            limited(valkey, path, max_connections=2, head_timeout=30) as served,
            ExitStack() as stack,
        ):
            for _ in range(103):
                stack.enter_context(connected_socket(served.port))

            def answered() -> bool:
                return refused(httpx.get(f"{served.http}/readyz"), problems.TOO_MANY_CONNECTIONS)

            wait_until(answered)
            stack.close()
            wait_until(lambda: httpx.get(f"{served.http}/readyz").status_code == 200)


@pytest.fixture(scope="module", params=PATHS)
def strict(request: pytest.FixtureRequest, valkey: Valkey) -> Iterator[Gateway]:
    """Ten messages per second, or 2,000 bytes; ten seconds' worth at once."""
    with limited(valkey, request.param, max_message_rate=10, max_byte_rate=2000) as running:
        yield running


class TestTheRate:
    TOO_FAST = Closed(4429, "too_fast")

    @pytest.mark.parametrize("where", ["/ws", "/tasks/{}/ws"])
    def test_of_messages(self, strict: Gateway, task: Task, where: str) -> None:
        with RawWebSocket(strict, where.format(task.id)) as socket:
            socket.send(text("{}") * 1000)
            assert socket.closed() == self.TOO_FAST

    @pytest.mark.parametrize("where", ["/ws", "/tasks/{}/ws"])
    def test_of_bytes(self, strict: Gateway, task: Task, where: str) -> None:
        with RawWebSocket(strict, where.format(task.id)) as socket:
            socket.send(text(" " * 30_000))
            assert socket.closed() == self.TOO_FAST

    def test_a_burst_is_no_flood(self, strict: Gateway) -> None:
        with RawWebSocket(strict) as socket:
            socket.send(text({"op": "ping"}) * 50)
            assert [socket.json()["op"] for _ in range(50)] == ["pong"] * 50

    def test_of_pings(self, valkey: Valkey) -> None:
        """The portable path leaves them to the server."""
        with limited(valkey, "detached", max_byte_rate=2000) as served, RawWebSocket(served) as socket:
            socket.send(frame(Opcode.PING, b"x" * 100) * 300)
            while (received := socket.receive()).opcode is not Opcode.CLOSE:
                assert received.opcode is Opcode.PONG
            assert received.payload.endswith(b"too_fast")


@pytest.mark.parametrize("path", PATHS)
class TestAReplay:
    def test_is_read_in_pieces(self, valkey: Valkey, journals: Journals, path: str) -> None:
        task = journals.task()
        for _ in range(30):
            task.append("x" * 10_000)
        task.finish()
        with limited(valkey, path, max_replay_bytes=50_000) as served:
            url, cursor, got, sizes = f"{served.http}/tasks/{task.id}/events", "", [], []
            while True:
                answer = httpx.get(url, params={"limit": "1000"} | ({"after": cursor} if cursor else {}))
                sizes.append(len(answer.content))
                got += [event["id"] for event in answer.json()["events"]]
                cursor = answer.json()["last_event_id"]
                if answer.json()["final"]:
                    break
            with EventStream(served, task.id) as stream:
                streamed = stream.rest().count(b"\nid: ")
        assert got == [str(record.id) for record in task.records()]
        assert max(sizes) < 60_000
        assert streamed == len(got)

    def test_of_one_record_that_is_too_large_brings_it(
        self, valkey: Valkey, journals: Journals, path: str
    ) -> None:
        task = journals.task()
        task.append("x" * 10_000)
        with limited(valkey, path, max_replay_bytes=100) as served, EventStream(served, task.id) as stream:
            assert [stream.body(), stream.body()] == task.bodies()
