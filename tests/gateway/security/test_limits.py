"""How many connections, and how much on them: each limit with its clear error, and each comes back."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from websockets.frames import Opcode

from taskbeam.gateway import problems
from tests.gateway.crowded import Crowded, crowded_gateway
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
def small(request: pytest.FixtureRequest, valkey: Valkey) -> Iterator[Crowded]:
    """Three connections from one address, two with one identity."""
    limits = {"max_connections_per_address": 3, "max_connections_per_identity": 2}
    with crowded_gateway(valkey, request.param, **TOKENS, **limits) as running:
        yield running


@pytest.fixture
def crowded(small: Crowded) -> Crowded:
    """Nobody is there."""
    small.until_empty()
    return small


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
    def test_that_are_too_many(self, crowded: Crowded, task: Task, kind: str, most: int) -> None:
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
            crowded.until_empty()
            assert httpx.get(url, headers=bearer(next(tokens))).status_code == 200

    def test_of_one_identity_come_to_it_on_the_socket_too(self, crowded: Crowded, task: Task) -> None:
        token = sign(tasks=[task.id], sub="later")
        with ExitStack() as stack:
            for _ in range(2):
                socket = stack.enter_context(RawWebSocket(crowded, headers=bearer(token)))
                socket.say(op="ping")
                assert socket.json()["op"] == "pong"
            anonymous = stack.enter_context(RawWebSocket(crowded))
            anonymous.say(op="auth", token=token)
            assert anonymous.json()["code"] == "too_many_connections"

    def test_of_one_identity_are_counted_by_the_tokens_of_subscriptions_too(
        self, crowded: Crowded, journals: Journals, task: Task
    ) -> None:
        """One socket is one, however many subscriptions bring the owner's token; fresh ones are no others."""
        other = journals.task()

        def fresh() -> str:
            return sign(tasks=[task.id, other.id], owner="brought")

        with ExitStack() as stack:
            first, second, third = (stack.enter_context(RawWebSocket(crowded)) for _ in range(3))
            for socket in (first, second):
                for each in (task, other):
                    socket.say(op="subscribe", task_id=each.id, token=fresh())
                    assert [socket.json()["op"], socket.body()] == ["subscribed", each.bodies()[0]]
            third.say(op="subscribe", task_id=task.id, token=fresh())
            assert third.json()["code"] == "too_many_connections"
            third.say(op="auth", token=fresh())
            assert third.json()["code"] == "too_many_connections"
            first.say(op="unsubscribe", task_id=task.id)
            assert first.json()["op"] == "unsubscribed"
            third.say(op="subscribe", task_id=task.id, token=fresh())
            assert third.json()["code"] == "too_many_connections"  # the first still brings it for the other
            other.finish()
            for socket in (first, second):
                assert [socket.body(), socket.json()["reason"]] == [other.bodies()[-1], "ended"]
            third.say(op="subscribe", task_id=task.id, token=fresh())
            assert third.json()["op"] == "subscribed"

    def test_of_one_identity_are_counted_by_the_renewed_token_of_a_subscription(
        self, crowded: Crowded, task: Task
    ) -> None:
        def fresh(owner: str) -> str:
            return sign(tasks=[task.id], owner=owner)

        with ExitStack() as stack:
            sockets = [stack.enter_context(RawWebSocket(crowded)) for _ in range(3)]
            for number, socket in enumerate(sockets):
                owner = "renewed" if number < 2 else "before"
                socket.say(op="subscribe", task_id=task.id, token=fresh(owner))
                assert [socket.json()["op"], socket.body()] == ["subscribed", task.bodies()[0]]
            sockets[2].say(op="auth", task_id=task.id, token=fresh("renewed"))
            assert sockets[2].json()["code"] == "too_many_connections"
            task.append()
            assert sockets[2].body() == task.bodies()[1]  # the old token holds
            sockets[0].say(op="auth", task_id=task.id, token=fresh("another"))
            assert sockets[0].body() == task.bodies()[1]
            assert sockets[0].json()["op"] == "authenticated"
            sockets[2].say(op="auth", task_id=task.id, token=fresh("renewed"))
            assert sockets[2].json()["op"] == "authenticated"

    @pytest.mark.parametrize("path", PATHS)
    def test_of_strangers_leave_room_for_others(self, valkey: Valkey, task: Task, path: str) -> None:
        """Two of eight may be strangers': of more, the oldest goes, and whoever has a token stays."""
        settings = TOKENS | {"max_connections": 8, "auth_timeout": 60}
        with limited(valkey, path, **settings) as served, ExitStack() as stack:
            said = stack.enter_context(RawWebSocket(served))
            said.say(op="subscribe", task_id=task.id, token=sign(tasks=[task.id]))
            assert [said.json()["op"], said.body()] == ["subscribed", task.bodies()[0]]
            strangers = [
                stack.enter_context(RawWebSocket(served, where))
                for where in ("/ws", f"/tasks/{task.id}/ws", "/ws", "/ws")
            ]
            assert [each.closed() for each in strangers[:2]] == [REFUSED, REFUSED]
            for number in range(5):
                stream = EventStream(served, task.id, headers=bearer(sign(tasks=[task.id])))
                assert stack.enter_context(stream).body() == task.bodies()[0], number
            for each in strangers[2:]:
                each.say(op="ping")
                assert each.json() == {"op": "pong"}
            with EventStream(served, task.id, headers=bearer(sign(tasks=[task.id]))) as one_too_many:
                assert one_too_many.status == 429

    @pytest.mark.parametrize("path", PATHS)
    def test_that_are_refused_take_nobodys_place(self, valkey: Valkey, task: Task, path: str) -> None:
        with (
            limited(valkey, path, **TOKENS | {"max_connections": 4, "auth_timeout": 60}) as served,
            RawWebSocket(served) as stranger,
        ):
            for headers in ({}, bearer("x"), {"Cookie": "taskbeam=x"}):
                with EventStream(served, task.id, headers=headers) as stream:
                    assert stream.status == 401
            stranger.say(op="ping")
            assert stranger.json() == {"op": "pong"}

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
        """They share a room of their own. The oldest go for the newest, and requests come through."""
        with (
            limited(valkey, path, max_connections=2, head_timeout=60) as served,
            ExitStack() as stack,
        ):
            first, *_ = [stack.enter_context(connected_socket(served.port)) for _ in range(103)]
            assert httpx.get(f"{served.http}/readyz").status_code == 200
            assert first.recv(4096).startswith(b"HTTP/1.1 429")
            wait_until(lambda: served.clients() <= 102)


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
