"""What a person or an API key has, counted over two gateways, one per serving path."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from websockets.frames import Opcode

from taskbeam.gateway.auth.api_key import KeyRights
from taskbeam.gateway.auth.api_keys import ApiKeys
from taskbeam.gateway.auth.audit import Actor
from tests.support.event_stream import EventStream
from tests.support.gateway import Gateway, gateway
from tests.support.raw_websocket import Closed, RawWebSocket, frame
from tests.support.results import connected_to, control
from tests.support.tokens import TOKENS, bearer, sign
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stack.valkey import Valkey
    from tests.support.journal import Journals, Task

LIMITS = TOKENS | {
    "max_connections_per_identity": 3,
    "max_subscriptions_per_identity": 4,
    "max_connections_per_key": 3,
}


@pytest.fixture(scope="module")
def two(valkey: Valkey) -> Iterator[list[Gateway]]:
    url = valkey.url().removesuffix("/0")
    with gateway(url, **LIMITS) as detached, gateway(url, "portable", **LIMITS) as portable:
        yield [detached, portable]


def fresh(task: Task, owner: str) -> dict[str, str]:
    """Another token of the same owner."""
    return bearer(sign(tasks=[task.id], owner=owner))


def asked(served: Gateway, task: Task, owner: str) -> httpx.Response:
    """A short stay, where one is let in."""
    return httpx.get(f"{served.http}/tasks/{task.id}", headers=fresh(task, owner), timeout=60)


def is_full(served: Gateway, task: Task, owner: str) -> bool:
    return asked(served, task, owner).status_code == 429


def reported(journals: Journals) -> list[bytes]:
    """What each person holds at each gateway, as the others know it."""
    found = set(journals.redis.scan_iter(control().census_held("*")))
    held: Any = [journals.redis.hvals(key) for key in found]
    return [number for numbers in held for number in numbers]


def until_reported(journals: Journals, number: bytes) -> None:
    """Return when the others know that somebody holds so many. Until then those may be told to go, too."""
    wait_until(lambda: number in reported(journals))


@pytest.mark.parametrize(("here", "there"), [(0, 1), (1, 0)])
def test_as_many_as_may_at_one_are_too_many_at_the_other(
    two: list[Gateway], journals: Journals, task: Task, here: int, there: int
) -> None:
    owner = f"owner-{here}"
    with ExitStack() as stack:
        for _ in range(3):
            stack.enter_context(EventStream(two[here], task.id, headers=fresh(task, owner))).body()
        until_reported(journals, b"3")
        wait_until(lambda: is_full(two[there], task, owner))
        refused = asked(two[there], task, owner)
        assert (refused.json()["code"], refused.headers["retry-after"]) == ("too_many_connections", "5")
        with EventStream(two[there], task.id, headers=fresh(task, owner)) as stream:
            assert (stream.status, stream.response.headers["retry-after"]) == (429, "5")
        for path in ("/ws", f"/tasks/{task.id}/ws"):
            with RawWebSocket(two[there], path, headers=fresh(task, owner)) as socket:
                assert socket.closed() == Closed(4429, "too_many_connections")
        with RawWebSocket(two[there]) as socket:
            socket.say(op="subscribe", task_id=task.id, token=sign(tasks=[task.id], owner=owner))
            assert socket.json()["code"] == "too_many_connections"
        assert asked(two[there], task, "another").status_code == 200
    wait_until(lambda: not is_full(two[there], task, owner))


def named_key(valkey: Valkey) -> str:
    """An API key that sends whatever it likes."""

    async def made() -> str:
        async with connected_to(valkey.url(1)) as redis:
            _, text = await ApiKeys(redis, control()).create(Actor("tests", "here"), KeyRights(name="a shop"))
            return str(text)

    return asyncio.run(made())


def follower(served: Gateway, key: str) -> tuple[str, dict[str, str]]:
    """The path of a task that the key sent, which is nobody's, and what opens it."""
    answer = httpx.post(f"{served.http}/reports", json={"user_id": 1}, headers={"X-API-Key": key}, timeout=60)
    assert answer.status_code == 202, answer.text
    return f"/tasks/{answer.json()['task_id']}", bearer(answer.json()["token"])


@pytest.mark.parametrize(("here", "there"), [(0, 1), (1, 0)])
def test_the_clients_of_what_an_api_key_sent_are_the_keys(
    two: list[Gateway], valkey: Valkey, journals: Journals, here: int, there: int
) -> None:
    """Each has a token of its own, of a task of its own."""
    key, another = named_key(valkey), named_key(valkey)
    followers = [follower(two[number % 2], key) for number in range(4)]
    path, token = followers.pop()

    def answered() -> httpx.Response:
        return httpx.get(two[there].http + path, headers=token, timeout=60)

    with ExitStack() as stack:
        for task, own in followers:
            stack.enter_context(EventStream(two[here], task.removeprefix("/tasks/"), headers=own)).body()
        until_reported(journals, b"3")
        wait_until(lambda: answered().status_code == 429)
        assert answered().json()["code"] == "too_many_connections"
        with RawWebSocket(two[there], f"{path}/ws", headers=token) as socket:
            assert socket.closed() == Closed(4429, "too_many_connections")
        task, own = follower(two[there], another)
        assert httpx.get(two[there].http + task, headers=own, timeout=60).status_code == 200
    wait_until(lambda: answered().status_code == 200)


def test_of_those_who_come_to_both_at_once_no_more_stay_than_may(two: list[Gateway], task: Task) -> None:
    with ExitStack() as stack:
        streams = [
            stack.enter_context(EventStream(two[number % 2], task.id, headers=fresh(task, "at-once")))
            for number in range(6)
        ]
        pool = stack.enter_context(ThreadPoolExecutor(6))
        reading = [pool.submit(stream.rest) for stream in streams]
        wait_until(lambda: sum(each.done() for each in reading) == 3)
        wait_until(lambda: is_full(two[0], task, "at-once") and is_full(two[1], task, "at-once"))
        task.finish()
        ends = [each.result() for each in reading]
    turned_away = [end for end in ends if b"too_many_connections" in end]
    assert len(turned_away) == 3
    assert all(b'"SUCCESS"' in end for end in ends if end not in turned_away)


def test_of_sockets_who_come_to_both_at_once_some_are_told_to_go(two: list[Gateway], task: Task) -> None:
    """On sockets for one task and for many, at both gateways: whoever reported later."""
    with ExitStack() as stack:
        sockets = [
            stack.enter_context(
                RawWebSocket(served, path.format(task.id), headers=fresh(task, "with-sockets"))
            )
            for path in ("/ws", "/tasks/{}/ws", "/ws")
            for served in two
        ]
        pool = stack.enter_context(ThreadPoolExecutor(6))
        reading = [pool.submit(reason, socket) for socket in sockets]
        wait_until(lambda: sum(each.done() for each in reading) == 3)
        assert [each.result() for each in reading if each.done()] == [b"too_many_connections"] * 3
        for socket in sockets:
            socket.send(frame(Opcode.CLOSE, (1000).to_bytes(2, "big")))
        assert sorted(each.result() for each in reading)[:3] == [b""] * 3


def reason(socket: RawWebSocket) -> bytes:
    """Why the socket was closed, as soon as it is."""
    while (received := socket.receive()).opcode is not Opcode.CLOSE:
        pass
    return received.payload[2:]


def test_subscriptions(two: list[Gateway], journals: Journals) -> None:
    tasks = [journals.task() for _ in range(5)]
    token = sign(tasks=[task.id for task in tasks], owner="follower")
    with ExitStack() as stack:
        one, other = (stack.enter_context(RawWebSocket(served, headers=bearer(token))) for served in two)
        for number, task in enumerate(tasks[:4]):
            # The socket's own, and with a token: both count.
            more = {"token": token} if number % 2 else {}
            one.say(op="subscribe", task_id=task.id, **more)
            assert [one.json()["op"], one.body()] == ["subscribed", task.bodies()[0]]
        one.say(op="subscribe", task_id=tasks[4].id)
        assert one.json() | {"message": ""} == {
            "op": "error",
            "code": "too_many",
            "message": "",
            "task_id": tasks[4].id,
        }

        until_reported(journals, b"4")

        def refused() -> bool:
            other.say(op="subscribe", task_id=tasks[4].id)
            while (message := other.json()).get("code") != "too_many":
                if message.get("op") == "subscribed":
                    other.say(op="unsubscribe", task_id=tasks[4].id)
                elif message.get("op") == "unsubscribed":
                    return False
            return True

        wait_until(refused)
        # Who subscribes again, or renews a token, has no subscription more.
        one.say(op="subscribe", task_id=tasks[0].id)
        assert [one.json()["op"], one.body()] == ["subscribed", tasks[0].bodies()[0]]
        one.say(op="auth", task_id=tasks[1].id, token=token)
        assert one.json()["op"] == "authenticated"
        one.say(op="unsubscribe", task_id=tasks[0].id)
        assert one.json()["op"] == "unsubscribed"
        wait_until(lambda: not refused())


def test_a_gateway_that_was_killed_holds_nobodys_place_for_long(
    valkey: Valkey, journals: Journals, task: Task
) -> None:
    url = valkey.url().removesuffix("/0")
    with gateway(url, **LIMITS) as stays, gateway(url, **LIMITS) as dies, ExitStack() as stack:
        for _ in range(3):
            stack.enter_context(EventStream(dies, task.id, headers=fresh(task, "killed"))).body()
        until_reported(journals, b"3")
        wait_until(lambda: is_full(stays, task, "killed"))
        dies.process.kill()
        wait_until(lambda: not is_full(stays, task, "killed"))


def test_a_gateway_that_stops_tells_so(valkey: Valkey, task: Task, journals: Journals) -> None:
    url = valkey.url().removesuffix("/0")
    with gateway(url, **LIMITS) as served:
        with EventStream(served, task.id, headers=fresh(task, "stopped")) as stream:
            stream.body()
            before = gateways(journals)
        served.process.stop()
        assert gateways(journals) < before


def gateways(journals: Journals) -> set[bytes]:
    """Those that hold a lease, and some whose time is over."""
    found: Any = journals.redis.zrange(control().census, 0, -1)
    return set(found)
