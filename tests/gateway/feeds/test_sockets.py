"""Feeds on a socket for many, beside tasks."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest

from taskbeam.gateway import problems
from tests.gateway.security.revoking import end
from tests.support.raw_websocket import Closed, RawWebSocket
from tests.support.tokens import TOKENS, bearer, sign

from .owner import Owner, transitions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stack.valkey import Valkey
    from tests.support.gateway import Gateway
    from tests.support.journal import Journals

SETTINGS = TOKENS | {"max_subscriptions": 3, "auth_timeout": 60, "idle_timeout": 60}


@pytest.fixture
def socket(owner: Owner) -> Iterator[RawWebSocket]:
    with owner.socket() as found:
        yield found


def subscribe(socket: RawWebSocket, owner: Owner, feed: str = "owner:me", **members: object) -> None:
    """Subscribe, and take the answer."""
    socket.say(op="subscribe", feed=feed, **members)
    assert socket.json() == {"op": "subscribed", "feed": feed, "name": owner.feed}


def error(problem: problems.Problem, feed: str | None, message: str | None = None) -> dict[str, Any]:
    named = {} if feed is None else {"feed": feed}
    return {"op": "error", "code": problem.code, "message": message or problem.title, **named}


def is_alive(socket: RawWebSocket) -> bool:
    """Whether the next thing the server says is its answer to a ping."""
    socket.say(op="ping")
    return socket.json() == {"op": "pong"}


class TestFollowing:
    def test_replays_and_goes_on(self, socket: RawWebSocket, owner: Owner) -> None:
        task = owner.task()
        subscribe(socket, owner)
        told = [socket.json()]
        for step in range(3):
            task.append({"text": str(step)})
        task.finish()
        told += [socket.json() for _ in range(4)]
        assert [json.dumps(each["event"]) for each in told] == [
            json.dumps(json.loads(body)) for body in task.bodies()
        ]
        assert ["id" in each for each in told] == [True, True, False, False, True]
        assert {each["feed"] for each in told} == {owner.feed}

    @pytest.mark.parametrize("by", ["me", "name"])
    def test_after_a_cursor(self, socket: RawWebSocket, owner: Owner, by: str) -> None:
        owner.task()
        cursor = owner.list()["last_event_id"]
        task = owner.task()
        subscribe(socket, owner, "owner:me" if by == "me" else owner.feed, after=cursor)
        assert transitions([socket.json()]) == [(task.id, "PENDING")]

    @pytest.mark.parametrize("after", [None, "0-0"])
    def test_of_nobody_waits_for_the_first_task(
        self, socket: RawWebSocket, owner: Owner, after: str | None
    ) -> None:
        subscribe(socket, owner, after=after)
        task = owner.task()
        assert transitions([socket.json()]) == [(task.id, "PENDING")]

    def test_a_cursor_of_another_life_gets_a_gap(self, socket: RawWebSocket, owner: Owner) -> None:
        owner.task()
        subscribe(socket, owner, after="1-5")
        gap, event = socket.json(), socket.json()
        assert (gap["type"], gap["feed"], gap["gap"]) == (
            "gap",
            owner.feed,
            {"after": "1-5", "reason": "epoch"},
        )
        assert gap["snapshot"] == event

    def test_beside_a_task_of_it(self, socket: RawWebSocket, owner: Owner) -> None:
        """What has a `feed` is the feed's, all else the task's."""
        task = owner.task()
        subscribe(socket, owner)
        assert transitions([socket.json()]) == [(task.id, "PENDING")]
        socket.say(op="subscribe", task_id=task.id)
        assert socket.json() == {"op": "subscribed", "task_id": task.id}
        assert socket.body() == task.bodies()[0]
        task.finish()
        told = [socket.json() for _ in range(3)]
        assert next(each for each in told if "feed" in each)["event"] == json.loads(task.bodies()[-1])
        assert json.loads(task.bodies()[-1]) in told
        assert {"op": "unsubscribed", "task_id": task.id, "reason": "ended"} in told
        assert is_alive(socket)

    def test_a_task_that_is_called_like_a_feed(
        self, socket: RawWebSocket, owner: Owner, journals: Journals
    ) -> None:
        task = journals.task(task_id="owner:me")
        socket.say(op="auth", token=sign(owner=owner.name, tasks=[task.id]))
        assert socket.json()["op"] == "authenticated"
        subscribe(socket, owner)
        socket.say(op="subscribe", task_id=task.id)
        assert socket.json() == {"op": "subscribed", "task_id": task.id}
        assert [socket.body() for _ in task.bodies()] == task.bodies()
        socket.say(op="unsubscribe", task_id=task.id)
        assert socket.json() == {"op": "unsubscribed", "task_id": task.id, "reason": "asked"}
        other = owner.task()
        assert transitions([socket.json()]) == [(other.id, "PENDING")]

    def test_again_begins_again_without_doubling(self, socket: RawWebSocket, owner: Owner) -> None:
        task = owner.task()
        cursor = owner.list()["last_event_id"]
        for _ in range(5):
            subscribe(socket, owner, after=cursor)
        task.finish()
        assert transitions([socket.json()]) == [(task.id, "SUCCESS")]
        assert is_alive(socket)

    def test_unsubscribing_stops_it(self, socket: RawWebSocket, owner: Owner) -> None:
        subscribe(socket, owner)
        socket.say(op="unsubscribe", feed="owner:me")
        assert socket.json() == {"op": "unsubscribed", "feed": "owner:me", "reason": "asked"}
        owner.task()
        assert is_alive(socket)

    def test_by_another_name_is_refused(self, socket: RawWebSocket, owner: Owner) -> None:
        """Its events would come twice, and nothing says for which of the two."""
        subscribe(socket, owner)
        socket.say(op="subscribe", feed=owner.feed)
        told = "The socket follows this feed already, as owner:me."
        assert socket.json() == error(problems.BAD_REQUEST, owner.feed, told)
        task = owner.task()
        assert transitions([socket.json()]) == [(task.id, "PENDING")]
        assert is_alive(socket)

    def test_counts_with_the_tasks(self, socket: RawWebSocket, owner: Owner) -> None:
        for _ in range(3):
            socket.say(op="subscribe", task_id=owner.task().id)
            assert socket.json()["op"] == "subscribed"
            socket.body()
        socket.say(op="subscribe", feed="owner:me")
        assert socket.json() == error(problems.TOO_MANY, "owner:me")


class TestBadMessages:
    @pytest.mark.parametrize("op", ["subscribe", "unsubscribe", "auth"])
    @pytest.mark.parametrize("feed", [None, 7, ["a"], {}, True, "\ud800"])
    def test_a_name_that_is_none(self, socket: RawWebSocket, op: str, feed: object) -> None:
        socket.say(op=op, feed=feed)
        assert socket.json() == error(problems.BAD_REQUEST, None, "feed is to be a string.")
        assert is_alive(socket)

    @pytest.mark.parametrize("op", ["subscribe", "unsubscribe", "auth"])
    def test_a_task_and_a_feed(self, socket: RawWebSocket, op: str) -> None:
        socket.say(op=op, feed="owner:me", task_id="x")
        told = socket.json()
        assert (told["code"], told["feed"], told["task_id"]) == ("bad_request", "owner:me", "x")
        assert is_alive(socket)

    @pytest.mark.parametrize("after", [7, "", "7"])
    def test_a_malformed_cursor(self, socket: RawWebSocket, after: object) -> None:
        socket.say(op="subscribe", feed="owner:me", after=after)
        assert socket.json() == error(problems.BAD_CURSOR, "owner:me")

    @pytest.mark.parametrize("name", ["owner:another", "owner:", "owner", "nothing:ada", ""])
    def test_a_feed_that_is_not_there(self, socket: RawWebSocket, name: str) -> None:
        socket.say(op="subscribe", feed=name)
        assert socket.json() == error(problems.UNKNOWN_FEED, name)
        assert is_alive(socket)

    def test_a_token_for_nothing(self, socket: RawWebSocket, owner: Owner) -> None:
        socket.say(op="auth", feed="owner:me", token=sign(owner=owner.name))
        assert socket.json() == error(problems.BAD_REQUEST, "owner:me", "There is no such subscription.")


class TestRights:
    def test_a_token_of_its_own(self, served: Gateway, owner: Owner, valkey: Valkey) -> None:
        """It is for this feed alone, can be renewed, and its revocation leaves the socket."""
        task = owner.task()
        with RawWebSocket(served, headers=bearer(sign(owner="another"))) as socket:
            subscribe(socket, owner, token=sign(owner=owner.name, jti=f"first {owner.name}"))
            socket.json()
            renewal = {"op": "auth", "feed": "owner:me"}
            socket.say(**renewal, token=sign(owner=owner.name, jti=f"second {owner.name}"))
            answer = socket.json()
            assert (answer["op"], answer["feed"]) == ("authenticated", "owner:me")
            end(valkey, tokens=[f"first {owner.name}"])
            task.append()
            assert transitions([socket.json()]) == [(task.id, "PROGRESS")]
            end(valkey, tokens=[f"second {owner.name}"])
            assert socket.json() == error(problems.TOKEN_REVOKED, "owner:me")
            assert is_alive(socket)

    def test_a_renewal_for_another_owner_ends_it(self, served: Gateway, owner: Owner) -> None:
        """`owner:me` stays the feed that it was; it does not become another one on the way."""
        with RawWebSocket(served, headers=bearer(sign(owner="another"))) as socket:
            subscribe(socket, owner, token=sign(owner=owner.name))
            socket.say(op="auth", feed="owner:me", token=sign(owner="another"))
            assert socket.json()["op"] == "authenticated"
            assert socket.json() == error(problems.UNKNOWN_FEED, "owner:me")
            owner.task()
            assert is_alive(socket)

    def test_a_socket_that_is_somebody_elses_now(self, socket: RawWebSocket, owner: Owner) -> None:
        subscribe(socket, owner)
        socket.say(op="auth", token=sign(owner="another"))
        assert socket.json()["op"] == "authenticated"
        assert socket.json() == error(problems.UNKNOWN_FEED, "owner:me")

    def test_an_owner_who_is_called_me(self, owner: Owner, journals: Journals) -> None:
        """Whose feed it was does not depend on who asks later."""
        owner.headers = bearer(sign(owner="me"))
        cursor = owner.list(feed="owner:me")["last_event_id"]
        with owner.socket() as socket:
            socket.say(op="subscribe", feed="owner:me", after=cursor)
            assert socket.json() == {"op": "subscribed", "feed": "owner:me", "name": "owner:me"}
            socket.say(op="auth", token=sign(owner=owner.name))
            assert socket.json()["op"] == "authenticated"
            assert socket.json() == error(problems.UNKNOWN_FEED, "owner:me")
            journals.task(labels={"owner": "me"})
            assert is_alive(socket)

    def test_without_any(self, served: Gateway) -> None:
        with RawWebSocket(served) as socket:
            socket.say(op="subscribe", feed="owner:me")
            assert socket.json() == error(problems.UNAUTHENTICATED, "owner:me")

    def test_revoking_an_owner_ends_the_socket(self, owner: Owner, valkey: Valkey) -> None:
        owner.headers = bearer(sign(owner=owner.name, iat=time.time() - 60))
        with owner.socket() as socket:
            subscribe(socket, owner)
            end(valkey, owners=[owner.name])
            assert socket.closed() == Closed(4401, problems.TOKEN_REVOKED.code)
