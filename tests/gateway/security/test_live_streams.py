"""A token that expires or is revoked ends what is live, unless another takes its place."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.event_stream import EventStream
from tests.support.raw_websocket import Closed, RawWebSocket
from tests.support.tokens import TOKENS, bearer, sign

if TYPE_CHECKING:
    from tests.support.gateway import Gateway
    from tests.support.journal import Journals, Task

SETTINGS = TOKENS | {"auth_timeout": 1, "idle_timeout": 1}

#: Seconds. Long enough to open a stream with it on a busy machine.
SHORT = 3.0

EXPIRED = Closed(4401, "token_expired")


def short(seconds: float = SHORT, **claims: Any) -> str:
    return sign(exp=time.time() + seconds, **claims)


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
        token = short(owner="user-7")
        with (
            bearer_socket(served, f"/tasks/{task.id}/ws", token) as one,
            bearer_socket(served, "/ws", token) as many,
            bearer_socket(served, "/ws", sign(tasks=[other.id])) as mixed,
            EventStream(served, task.id, headers=bearer(token)) as stream,
        ):
            assert one.body() == stream.body() == task.bodies()[0]
            subscribe(many, task)
            subscribe(mixed, other)
            subscribe(mixed, task, token=short(tasks=[task.id]))

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
        token = short(owner="user-7")
        with (
            bearer_socket(served, f"/tasks/{task.id}/ws", token) as one,
            bearer_socket(served, "/ws", token) as many,
            bearer_socket(served, "/ws", None) as single,
            bearer_socket(served, f"/tasks/{task.id}/ws", token) as control,
        ):
            assert one.body() == control.body() == task.bodies()[0]
            subscribe(many, task)
            subscribe(single, task, token=token)

            one.say(op="auth", token=sign(tasks=[task.id]))
            many.say(op="auth", token=sign(owner="user-7"))
            assert many.json()["op"] == "authenticated"
            single.say(op="auth", task_id=task.id, token=sign(tasks=[task.id]))
            assert single.json()["op"] == "authenticated"

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


class TestSilence:
    def test_who_does_not_say_who_it_is_goes(self, served: Gateway, task: Task) -> None:
        for path in (f"/tasks/{task.id}/ws", "/ws"):
            with bearer_socket(served, path, None) as socket:
                assert socket.closed() == Closed(4401, "unauthenticated")

    def test_who_has_said_who_it_is_may_be_idle_from_then_on(self, served: Gateway, task: Task) -> None:
        with (
            bearer_socket(served, "/ws", None) as socket,
            bearer_socket(served, "/ws", None) as subscribed,
            bearer_socket(served, "/ws", None) as silent,
        ):
            socket.say(op="auth", token=sign(owner="user-7"))
            assert socket.json()["op"] == "authenticated"
            subscribe(subscribed, task, token=sign(tasks=[task.id]))
            silent.say(op="subscribe", task_id=task.id)
            assert silent.json()["code"] == "unauthenticated"
            assert silent.closed() == Closed(4401, "unauthenticated")
            assert is_alive(subscribed)
            assert socket.closed() == Closed(4408, "idle")
            subscribed.say(op="unsubscribe", task_id=task.id)
            assert subscribed.json()["op"] == "unsubscribed"
            assert subscribed.closed() == Closed(4408, "idle")

    def test_who_follows_nothing_goes(self, served: Gateway) -> None:
        with bearer_socket(served, "/ws", sign(owner="user-7")) as socket:
            assert socket.closed() == Closed(4408, "idle")

    def test_who_follows_nothing_more_goes(self, served: Gateway, task: Task) -> None:
        with bearer_socket(served, "/ws", sign(owner="user-7")) as socket:
            subscribe(socket, task)
            with bearer_socket(served, "/ws", sign(owner="user-7")) as idle:
                assert idle.closed() == Closed(4408, "idle")
            assert is_alive(socket)
            task.finish()
            assert [socket.body(), socket.json()["op"]] == [task.bodies()[1], "unsubscribed"]
            assert socket.closed() == Closed(4408, "idle")
