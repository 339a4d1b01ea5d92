"""What comes of a token is never more than the token: no scope, no second and no life of its own."""

from __future__ import annotations

import asyncio
import time
import zlib
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from http.cookies import SimpleCookie
from typing import TYPE_CHECKING, Any

import httpx
import jwt
import pytest

from taskbeam.gateway.auth.api_key import KeyRights
from taskbeam.gateway.auth.api_keys import ApiKeys
from taskbeam.gateway.auth.audit import Actor
from tests.support.event_stream import EventStream
from tests.support.lasting import before_it_expires
from tests.support.raw_websocket import Closed, RawWebSocket
from tests.support.results import connected_to, control
from tests.support.tokens import bearer, sign

from .revoking import end, two_gateways

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from stack.valkey import Valkey
    from taskbeam.gateway.auth.api_key import ApiKey, KeyText
    from tests.support.gateway import Gateway

REVOKED = Closed(4401, "token_revoked")
EXPIRED = Closed(4401, "token_expired")

BY_TESTS = Actor("cli:tests", "here")


@pytest.fixture(scope="module")
def both(valkey: Valkey) -> Iterator[list[Gateway]]:
    with two_gateways(valkey) as pair:
        yield pair


def send(served: Gateway, headers: dict[str, str], user_id: int = 7) -> dict[str, Any]:
    """Order a report; the answer's body."""
    answer = httpx.post(f"{served.http}/reports", json={"user_id": user_id}, headers=headers, timeout=60)
    assert answer.status_code == 202
    found: dict[str, Any] = answer.json()
    return found


def claims(token: str) -> dict[str, Any]:
    found: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return found


def asked(served: Gateway, path: str, token: str, method: str = "GET") -> tuple[int, str]:
    answer = httpx.request(method, served.http + path, headers=bearer(token), timeout=120)
    return answer.status_code, answer.json().get("code", "")


def of_a_sent_task(served: Gateway, sent: dict[str, Any], source: str) -> str:  # noqa: ARG001
    return str(sent["token"])


def of_the_cookie(served: Gateway, sent: dict[str, Any], source: str) -> str:  # noqa: ARG001
    """The cookie that the token of the sent task got: derived twice."""
    url = f"{served.http}{sent['urls']['self']}/cookie"
    answer = httpx.post(url, headers=bearer(str(sent["token"])), timeout=60)
    (morsel,) = SimpleCookie(answer.headers["set-cookie"]).values()
    return morsel.value


DERIVED = {"of a sent task": of_a_sent_task, "of its cookie": of_the_cookie}

every_one = pytest.mark.parametrize("derive", DERIVED.values(), ids=DERIVED)


class TestScopes:
    @pytest.mark.parametrize(
        ("scope", "derived"),
        [
            ("send read", "read"),
            ("send read cancel", "cancel read"),
            ("send cancel", "cancel"),
            ("send", None),
            ("send read terminate", "read terminate"),
        ],
    )
    def test_are_those_of_the_source(self, both: list[Gateway], scope: str, derived: str | None) -> None:
        sent = send(both[0], bearer(sign(scope=scope, owner="user-7")))
        token = sent.get("token")
        assert (claims(token)["scope"] if token else None) == derived

    def test_of_an_api_key_are_read_and_cancel(self, both: list[Gateway]) -> None:
        sent = send(both[0], {"X-API-Key": "an-api-key-of-the-tests"})
        assert claims(sent["token"])["scope"] == "cancel read"

    def test_a_reader_does_not_cancel_what_it_sent(self, both: list[Gateway]) -> None:
        sent = send(both[0], bearer(sign(scope="send read", owner="user-7")))
        assert asked(both[1], sent["urls"]["self"], sent["token"])[0] == 200
        assert asked(both[1], sent["urls"]["cancel"], sent["token"], "POST") == (403, "forbidden")


@every_one
def test_ends_no_later_than_its_source(both: list[Gateway], derive: Callable[..., str]) -> None:
    source = sign(scope="send read", owner="user-7", exp=time.time() + 100)
    derived = claims(derive(both[0], send(both[0], bearer(source)), source))
    assert derived["exp"] == claims(source)["exp"]
    assert derived["iat"] == claims(source)["iat"]


@every_one
@pytest.mark.parametrize("what", ["token", "owner", "subject"])
def test_is_revoked_with_its_source_also_where_it_is_live(
    both: list[Gateway], valkey: Valkey, derive: Callable[..., str], what: str, request: pytest.FixtureRequest
) -> None:
    names = {name: f"{name} of {request.node.name}" for name in ("token", "subject")}
    user_id = zlib.crc32(request.node.name.encode()) >> 1  # whom no other test revokes
    names["owner"] = f"user-{user_id}"
    source = sign(scope="send read", jti=names["token"], sub=names["subject"], owner=names["owner"])
    sent = send(both[0], bearer(source), user_id)
    revoked = {"tokens" if what == "token" else "owners": [names[what]]}
    assert_all_of_it_ends(both, sent, derive(both[0], sent, source), lambda: end(valkey, **revoked))


@every_one
@pytest.mark.parametrize("owner", [{}, {"Taskbeam-Owner": "customer"}], ids=["of nobody", "of an owner"])
def test_is_revoked_with_the_api_key_that_it_came_of(
    both: list[Gateway], valkey: Valkey, derive: Callable[..., str], owner: dict[str, str]
) -> None:
    """Also what a cookie made of it, and also when it was rotated meanwhile. Those of other keys live on."""
    (key, text), (_, other) = (change(valkey, make) for _ in range(2))
    sent, others = (send(both[0], {"X-API-Key": str(each)} | owner) for each in (text, other))
    token = derive(both[0], sent, "")
    assert claims(token).get("sub") == owner.get("Taskbeam-Owner")
    change(valkey, lambda keys: keys.rotate(BY_TESTS, key.id, 60))
    revoke: Callable[[ApiKeys], Any] = lambda keys: keys.revoke(BY_TESTS, key.id, 3600)  # noqa: E731
    assert_all_of_it_ends(both, sent, token, lambda: change(valkey, revoke))
    assert [asked(each, others["urls"]["self"], others["token"])[0] for each in both] == [200, 200]


def test_ends_no_later_than_the_api_key_that_it_came_of(both: list[Gateway], valkey: Valkey) -> None:
    rights = KeyRights(name="shop")
    key, text = change(valkey, lambda keys: keys.create(BY_TESTS, rights, lifetime=60))
    derived = claims(send(both[0], {"X-API-Key": str(text)})["token"])
    assert derived["exp"] == pytest.approx(key.expires)
    assert derived["iat"] == pytest.approx(time.time(), abs=60)


def make(keys: ApiKeys) -> Awaitable[tuple[ApiKey, KeyText]]:
    return keys.create(BY_TESTS, KeyRights(name="shop"))


def change(valkey: Valkey, work: Callable[[ApiKeys], Awaitable[Any]]) -> Any:
    """Do something with the API keys, as the command does."""

    async def run() -> Any:
        async with connected_to(valkey.url(1)) as client:
            return await work(ApiKeys(client, control()))

    return asyncio.run(run())


def assert_all_of_it_ends(
    both: list[Gateway], sent: dict[str, Any], token: str, revoke: Callable[[], object]
) -> None:
    """Sockets, streams and long-polls with the token, on both gateways."""
    path = sent["urls"]["self"]
    with ExitStack() as stack, ThreadPoolExecutor() as pool:
        sockets, streams = [], []
        for served in both:
            socket = stack.enter_context(RawWebSocket(served, f"{path}/ws", headers=bearer(token)))
            stream = stack.enter_context(EventStream(served, sent["task_id"], headers=bearer(token)))
            last = stream.body(), socket.body()
            assert last[0] == last[1]
            sockets.append(socket)
            streams.append(stream)
        cursor = httpx.get(both[0].http + path, headers=bearer(token)).json()["last_event_id"]
        polls = [pool.submit(asked, each, f"{path}?wait=50&after={cursor}", token) for each in both]
        revoke()
        assert [socket.closed() for socket in sockets] == [REVOKED] * 2
        assert all(b"token_revoked" in stream.rest() for stream in streams)
        assert [poll.result() for poll in polls] == [(401, "token_revoked")] * 2
    assert [asked(served, path, token) for served in both] == [(401, "token_revoked")] * 2


def test_may_be_revoked_alone(both: list[Gateway], valkey: Valkey) -> None:
    source = sign(scope="send read", owner="user-7")
    sent = send(both[0], bearer(source))
    path, token = sent["urls"]["self"], sent["token"]
    with RawWebSocket(both[1], f"{path}/ws", headers=bearer(token)) as socket:
        socket.body()
        end(valkey, tokens=[claims(token)["jti"]])
        assert socket.closed() == REVOKED
    assert asked(both[1], path, source)[0] == 200


def test_ends_live_when_its_source_would(both: list[Gateway]) -> None:
    with ExitStack() as stack:

        def begin(expires: float) -> RawWebSocket:
            sent = send(both[0], bearer(sign(scope="send read", owner="user-7", exp=expires)))
            token = bearer(sent["token"])
            socket = stack.enter_context(RawWebSocket(both[1], f"{sent['urls']['self']}/ws", headers=token))
            socket.body()
            return socket

        assert before_it_expires(begin).closed() == EXPIRED
