"""A token that expires or is revoked ends what is live, unless another takes its place."""

from __future__ import annotations

import json
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from tests.support.event_stream import EventStream
from tests.support.lasting import before_it_expires
from tests.support.raw_websocket import Closed, RawWebSocket
from tests.support.tokens import TOKENS, bearer, sign

if TYPE_CHECKING:
    from tests.support.gateway import Gateway
    from tests.support.journal import Journals, Task

#: Nobody here is sent away for saying nothing, however long this machine stands still: see `test_silence`.
SETTINGS = TOKENS | {"auth_timeout": 600, "idle_timeout": 600}

EXPIRED = Closed(4401, "token_expired")


def bearer_socket(served: Gateway, path: str, token: str | None) -> RawWebSocket:
    return RawWebSocket(served, path, headers=bearer(token))


def subscribe(socket: RawWebSocket, task: Task, **members: object) -> None:
    """Subscribe, and take the first event."""
    socket.say(op="subscribe", task_id=task.id, **members)
    assert [socket.json()["op"], socket.body()] == ["subscribed", task.bodies()[0]]


def is_alive(socket: RawWebSocket) -> bool:
    socket.say(op="ping")
    return socket.json() == {"op": "pong"}


@pytest.fixture
def task(journals: Journals) -> Task:
    return journals.task(labels={"owner": "user-7"})


class TestExpiry:
    """Streams of all kinds at once, so that the time is waited for once."""

    def test_ends_what_is_live(self, served: Gateway, task: Task, journals: Journals) -> None:
        other = journals.task()
        with ExitStack() as stack:

            def begin(expires: float) -> tuple[str, RawWebSocket, RawWebSocket, RawWebSocket, EventStream]:
                token = sign(owner="user-7", exp=expires)
                one = stack.enter_context(bearer_socket(served, f"/tasks/{task.id}/ws", token))
                many = stack.enter_context(bearer_socket(served, "/ws", token))
                mixed = stack.enter_context(bearer_socket(served, "/ws", sign(tasks=[other.id])))
                stream = stack.enter_context(EventStream(served, task.id, headers=bearer(token)))
                assert one.body() == stream.body() == task.bodies()[0]
                subscribe(many, task)
                subscribe(mixed, other)
                subscribe(mixed, task, token=sign(tasks=[task.id], exp=expires))
                return token, one, many, mixed, stream

            token, one, many, mixed, stream = before_it_expires(begin)
            assert one.closed() == EXPIRED
            assert many.closed() == EXPIRED
            told = mixed.json()
            assert (told["op"], told["code"], told["task_id"]) == ("error", "token_expired", task.id)
            name, data, blank = stream.rest().split(b"\n")[-4:-1]
            assert (name, blank) == (b"event: problem", b"")
            assert json.loads(data.removeprefix(b"data: "))["code"] == "token_expired"
            task.wait_for_subscribers(0)

            other.append()
            assert mixed.body() == other.bodies()[1]
        with EventStream(served, task.id, headers=bearer(token)) as again:
            assert (again.status, json.loads(again.rest())["code"]) == (401, "token_expired")


class TestRefreshing:
    def test_keeps_what_is_live(self, served: Gateway, task: Task) -> None:
        with ExitStack() as stack:

            def begin(expires: float) -> tuple[RawWebSocket, RawWebSocket, RawWebSocket, RawWebSocket]:
                token = sign(owner="user-7", exp=expires)
                one = stack.enter_context(bearer_socket(served, f"/tasks/{task.id}/ws", token))
                many = stack.enter_context(bearer_socket(served, "/ws", token))
                single = stack.enter_context(bearer_socket(served, "/ws", None))
                control = stack.enter_context(bearer_socket(served, f"/tasks/{task.id}/ws", token))
                assert one.body() == control.body() == task.bodies()[0]
                subscribe(many, task)
                subscribe(single, task, token=token)

                one.say(op="auth", token=sign(tasks=[task.id]))
                many.say(op="auth", token=sign(owner="user-7"))
                assert many.json()["op"] == "authenticated"
                single.say(op="auth", task_id=task.id, token=sign(tasks=[task.id]))
                assert single.json()["op"] == "authenticated"
                return one, many, single, control

            one, many, single, control = before_it_expires(begin)
            assert control.closed() == EXPIRED
            assert [is_alive(many), is_alive(single)] == [True, True]
            task.append()
            assert one.body() == many.body() == single.body() == task.bodies()[1]

    def test_with_somebody_elses_token_ends_it(self, served: Gateway, task: Task) -> None:
        with bearer_socket(served, f"/tasks/{task.id}/ws", sign(tasks=[task.id])) as socket:
            assert socket.body() == task.bodies()[0]
            socket.say(op="auth", token=sign(owner="another"))
            assert socket.closed() == Closed(4404, "unknown_task")

    def test_with_a_token_for_less_ends_what_it_is_not_good_for(
        self, served: Gateway, task: Task, journals: Journals
    ) -> None:
        other = journals.task(labels={"owner": "user-7"})
        with bearer_socket(served, "/ws", sign(owner="user-7")) as socket:
            for each in (task, other):
                subscribe(socket, each)
            socket.say(op="auth", token=sign(tasks=[other.id]))
            assert socket.json()["op"] == "authenticated"
            told = socket.json()
            assert (told["code"], told["task_id"]) == ("unknown_task", task.id)
            task.wait_for_subscribers(0)
            other.append()
            assert socket.body() == other.bodies()[1]

    def test_a_subscription_with_somebody_elses_token_ends_it_alone(
        self, served: Gateway, task: Task, journals: Journals
    ) -> None:
        other = journals.task()
        with bearer_socket(served, "/ws", None) as socket:
            subscribe(socket, task, token=sign(tasks=[task.id]))
            subscribe(socket, other, token=sign(tasks=[other.id]))
            socket.say(op="auth", task_id=task.id, token=sign(owner="another"))
            assert socket.json()["op"] == "authenticated"
            told = socket.json()
            assert (told["code"], told["task_id"]) == ("unknown_task", task.id)
            task.wait_for_subscribers(0)
            other.append()
            assert socket.body() == other.bodies()[1]

    @pytest.mark.parametrize("token", [None, 7, "", "x", [], {}])
    def test_with_no_token_closes_the_socket_of_a_task(
        self, served: Gateway, task: Task, token: object
    ) -> None:
        with bearer_socket(served, f"/tasks/{task.id}/ws", sign(tasks=[task.id])) as socket:
            assert socket.body() == task.bodies()[0]
            socket.say(op="auth", token=token)
            assert socket.closed() == Closed(4401, "unauthenticated")

    def test_with_no_token_leaves_the_socket_for_many_as_it_was(self, served: Gateway, task: Task) -> None:
        with bearer_socket(served, "/ws", sign(owner="user-7")) as socket:
            subscribe(socket, task)
            socket.say(op="auth", token="x")
            assert socket.json()["code"] == "unauthenticated"
            task.append()
            assert socket.body() == task.bodies()[1]
