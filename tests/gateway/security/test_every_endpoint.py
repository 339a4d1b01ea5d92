"""Every endpoint against every token that is not good for it: the right code, and no byte of the task."""

from __future__ import annotations

import json
import tempfile
import time
import unicodedata
from contextlib import ExitStack
from functools import partial
from http.cookies import SimpleCookie
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple
from uuid import uuid4

import httpx
import jwt
import pytest
from fastapi.routing import APIRoute, APIWebSocketRoute
from starlette.routing import Mount, Route

from app.main import create_app
from app.settings import Settings
from taskbeam.gateway import problems
from taskbeam.gateway.auth.credentials import COOKIE
from taskbeam.gateway.auth.revoked import EVER
from tests.support.event_stream import connected_socket
from tests.support.gateway import gateway
from tests.support.results import control, servers_of
from tests.support.tokens import API_KEY, ED25519, PUSHING, TOKENS, bearer, claims, sign
from tests.support.waiting import wait_until

from .endpoints import (
    DEVICES,
    DOCUMENTS,
    ENDPOINTS,
    FEEDS,
    KEYS,
    LOGIN,
    NO_DEVICE,
    OPEN,
    OPERATORS,
    PREFERENCES,
    PUBLIC,
    SCHEMA,
    SIGNED,
    WEBHOOKS,
    Answer,
    Endpoint,
    http,
)
from .revoking import end, entry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from stack.valkey import Valkey
    from taskbeam.gateway.problems import Problem
    from tests.support.gateway import Gateway
    from tests.support.journal import Journals, Task

FILES = Path(tempfile.mkdtemp(prefix="taskbeam-files-"))
SETTINGS = TOKENS | PUSHING | {"webhooks": [], "files_dir": FILES}
SECRET = "planted-secret"
OWNER = "Jürgen"
NOBODYS = "00000000-0000-4000-8000-000000000000"


def _flat(value: object) -> str:
    return jwt.utils.base64url_encode(json.dumps(value).encode()).decode()


def _tampered(task_id: str) -> str:
    header, _, signature = sign(tasks=["another"]).split(".")
    return f"{header}.{_flat(claims(tasks=[task_id]))}.{signature}"


def _confused(task_id: str) -> str:
    """HS256 with the public key for a secret."""
    secret = jwt.utils.base64url_decode(ED25519["x"])
    return jwt.encode(claims(tasks=[task_id]), secret, "HS256", {"kid": "edward"})


def _unsigned(task_id: str) -> str:
    return f"{_flat({'alg': 'none', 'kid': 'hmac'})}.{_flat(claims(tasks=[task_id]))}."


class Row(NamedTuple):
    """A token for (or against) a task, and what it is answered; ``None``: none at all."""

    token: Callable[[str], str | None]
    problem: Problem


#: All of them say `send`, too: what is wrong is not the scope.
_ALL = {"scope": "read cancel terminate send"}

INVALID: dict[str, Row] = {
    "no token": Row(lambda _: None, problems.UNAUTHENTICATED),
    "no JSON Web Token": Row(lambda _: "x", problems.UNAUTHENTICATED),
    "expired": Row(
        lambda task_id: sign(tasks=[task_id], iat=time.time() - 99, exp=time.time() - 9, **_ALL),
        problems.TOKEN_EXPIRED,
    ),
    "wrong audience": Row(
        lambda task_id: sign(tasks=[task_id], aud="other", **_ALL), problems.UNAUTHENTICATED
    ),
    "algorithm none": Row(_unsigned, problems.UNAUTHENTICATED),
    "algorithms confused": Row(_confused, problems.UNAUTHENTICATED),
    "tampered": Row(_tampered, problems.UNAUTHENTICATED),
    "revoked": Row(lambda task_id: sign(tasks=[task_id], jti="revoked", **_ALL), problems.TOKEN_REVOKED),
    "its owner revoked": Row(
        lambda task_id: sign(tasks=[task_id], sub="revoked", iat=time.time() - 3600, **_ALL),
        problems.TOKEN_REVOKED,
    ),
    "its owner revoked, typed otherwise": Row(
        lambda task_id: sign(tasks=[task_id], owner="revoked u\u0308", iat=time.time() - 3600, **_ALL),
        problems.TOKEN_REVOKED,
    ),
    "derived from a revoked one": Row(
        lambda task_id: sign(tasks=[task_id], sources=["token:revoked"], **_ALL), problems.TOKEN_REVOKED
    ),
    "derived from a revoked owner's": Row(
        lambda task_id: sign(tasks=[task_id], sources=["owner:revoked"], iat=time.time() - 3600, **_ALL),
        problems.TOKEN_REVOKED,
    ),
    "derived from a revoked API key": Row(
        lambda task_id: sign(tasks=[task_id], sources=["token:good", "key:revoked"], **_ALL),
        problems.TOKEN_REVOKED,
    ),
    "of nobody who has a name": Row(
        lambda task_id: sign(tasks=[task_id], owner="two\nlines", **_ALL), problems.UNAUTHENTICATED
    ),
}

STRANGERS: dict[str, Callable[[str], str]] = {
    "another task's": lambda _: sign(tasks=["another"]),
    "another owner's": lambda _: sign(owner="another"),
    "an owner's whose name is garbled": lambda _: sign(owner=OWNER.encode().decode("latin-1")),
    "derived from one for another task": lambda _: sign(tasks=["another"], sources=["owner:" + OWNER]),
    "derived from an API key for another task": lambda _: sign(tasks=["another"], sources=["key:good"]),
    "another group's": lambda _: sign(groups=["another"]),
    "nothing's": lambda _: sign(),
    "without a scope": lambda task_id: sign(tasks=[task_id], scope=None),
    "that may only cancel, of another": lambda _: sign(owner="another", scope="cancel"),
}

GOOD: dict[str, Callable[[Task, str], str]] = {
    "its own": lambda task, scope: sign(tasks=["another", task.id], scope=scope),
    "its owner's": lambda _, scope: sign("edward", owner=unicodedata.normalize("NFD", OWNER), scope=scope),
    "its group's": lambda _, scope: sign(groups=["group-1"], scope=scope),
}


@pytest.fixture(scope="module")
def guarded(served: Gateway, valkey: Valkey) -> Gateway:
    """The gateway, once it has heard of what is revoked, by a Redis whose clock went back by an hour."""
    (FILES / "secret.txt").write_text(SECRET)
    ask = http("GET", "/tasks/{task_id}")
    entry(valkey, "token:ahead", EVER, f"{int((time.time() + 3600) * 1000)}-{served.port}")
    wait_until(lambda: ask(served, NOBODYS, sign(tasks=[NOBODYS], jti="ahead")).code == "token_revoked")
    entry(valkey, "key:revoked", EVER)
    end(valkey, tokens=["revoked"], owners=["revoked", "revoked ü"])
    wait_until(lambda: ask(served, NOBODYS, sign(tasks=[NOBODYS], jti="revoked")).code == "token_revoked")
    return served


@pytest.fixture
def owned(journals: Journals) -> Task:
    """A task with an owner, a group and a secret."""
    task = journals.task(labels={"owner": OWNER, "group": "group-1"})
    task.append({"text": SECRET}, files=["secret.txt"])
    return task


def check(answer: Answer, problem: Problem) -> None:
    assert answer.code == problem.code
    assert answer.status in (problem.status, problem.close, OPEN)
    assert SECRET.encode() not in answer.body


every_endpoint = pytest.mark.parametrize("endpoint", ENDPOINTS)
every_task_endpoint = pytest.mark.parametrize(
    "endpoint", [name for name, endpoint in ENDPOINTS.items() if endpoint.action != "send"]
)


@every_endpoint
@pytest.mark.parametrize("row", INVALID)
def test_a_token_that_is_none(guarded: Gateway, owned: Task, endpoint: str, row: str) -> None:
    token, problem = INVALID[row]
    ask = ENDPOINTS[endpoint].ask
    answer = ask(guarded, owned.id, token(owned.id))
    check(answer, problem)
    unknown = ask(guarded, NOBODYS, token(NOBODYS))
    assert unknown == same(answer, owned.id)


@every_task_endpoint
@pytest.mark.parametrize("stranger", STRANGERS)
def test_a_token_for_something_else(guarded: Gateway, owned: Task, endpoint: str, stranger: str) -> None:
    """An id that nobody sent and one that is somebody else's are told apart by nothing."""
    token = STRANGERS[stranger]
    ask = ENDPOINTS[endpoint].ask
    answer = ask(guarded, owned.id, token(owned.id))
    check(answer, problems.UNKNOWN_TASK)
    assert ask(guarded, NOBODYS, token(NOBODYS)) == same(answer, owned.id)


def same(answer: Answer, task_id: str) -> Answer:
    """The answer, had it been about nobody's task: a subscription's names the task."""
    return answer._replace(body=answer.body.replace(task_id.encode(), NOBODYS.encode()))


@pytest.fixture(scope="module")
def given_elsewhere(guarded: Gateway, valkey: Valkey) -> dict[str, str]:
    """What strangers got of another gateway, about tasks of their own."""
    given = {}
    with gateway(valkey.url().removesuffix("/0"), "portable", **SETTINGS) as other:
        for name, headers in {
            "by a token": bearer(sign(owner="user-7", scope="read cancel terminate send")),
            "by an API key": {"X-API-Key": API_KEY},
            "by an API key, for an owner": {"X-API-Key": API_KEY, "Taskbeam-Owner": "user-7"},
        }.items():
            answer = httpx.post(f"{other.http}/images", content=b"picture", headers=headers, timeout=60)
            given[name], url = answer.json()["token"], f"{other.http}{answer.json()['urls']['self']}"
            answer = httpx.post(f"{url}/cookie", headers=bearer(given[name]), timeout=60)
            (morsel,) = SimpleCookie(answer.headers["set-cookie"]).values()
            given[f"the cookie of one {name}"] = morsel.value
            # They are good for their own tasks here, too.
            here = url.replace(other.http, guarded.http)
            assert httpx.get(here, headers=bearer(given[name]), timeout=60).status_code == 200
    return given


@every_task_endpoint
def test_what_another_gateway_gave_a_stranger(
    guarded: Gateway, owned: Task, endpoint: str, given_elsewhere: dict[str, str]
) -> None:
    ask = ENDPOINTS[endpoint].ask
    for token in given_elsewhere.values():
        answer = ask(guarded, owned.id, token)
        check(answer, problems.UNKNOWN_TASK)
        assert ask(guarded, NOBODYS, token) == same(answer, owned.id)


@every_task_endpoint
def test_a_stranger_is_not_told_that_a_task_has_expired(
    guarded: Gateway, owned: Task, journals: Journals, endpoint: str
) -> None:
    journals.redis.set(owned.keys.tombstone, 1)
    journals.redis.delete(owned.keys.head, owned.keys.log)
    ask = ENDPOINTS[endpoint].ask
    check(ask(guarded, owned.id, sign(owner="another")), problems.UNKNOWN_TASK)
    check(ask(guarded, owned.id, sign(tasks=["another"])), problems.UNKNOWN_TASK)


@every_task_endpoint
@pytest.mark.parametrize("token", GOOD)
def test_a_token_that_is_good_for_it(guarded: Gateway, owned: Task, endpoint: str, token: str) -> None:
    found = ENDPOINTS[endpoint]
    answer = found.ask(guarded, owned.id, GOOD[token](owned, f"read {found.action}"))
    assert answer.code == ""
    assert answer.status in (200, 201, 202, 204, OPEN)


@pytest.mark.parametrize("endpoint", [name for name, found in ENDPOINTS.items() if found.method != "WS"])
@pytest.mark.parametrize(
    "field", ["Authorization: Bearer {}", f"Cookie: {COOKIE}={{}}", "X-API-Key: an-api-key-of-the-tests"]
)
def test_a_good_token_in_a_trailer_is_none(guarded: Gateway, owned: Task, endpoint: str, field: str) -> None:
    """What comes behind the body is no header (RFC 9110, 6.5.1)."""
    method, path = ENDPOINTS[endpoint].method, ENDPOINTS[endpoint].path.replace("{path:path}", "secret.txt")
    token = sign(tasks=[owned.id], owner="user-7", scope="read cancel send")
    body = json.dumps({"user_id": 7})
    lines = (
        f"{method} {path.format(task_id=owned.id, device=NO_DEVICE)} HTTP/1.1",
        f"Host: 127.0.0.1:{guarded.port}",
        "Content-Type: application/json",
        "Connection: close",
        "Transfer-Encoding: chunked",
        "",
        f"{len(body):x}",
        body,
        "0",
        field.format(token),
        "",
        "",
    )
    with connected_socket(guarded.port) as connection, connection.makefile("rb") as answer:
        connection.sendall("\r\n".join(lines).encode())
        received = answer.read()
    assert received.startswith(b"HTTP/1.1 401 ")
    assert b'"unauthenticated"' in received
    assert SECRET.encode() not in received


@every_task_endpoint
def test_an_owner_whose_name_is_not_ascii(guarded: Gateway, journals: Journals, endpoint: str) -> None:
    """It is that name however it is typed, and no other that looks like it; no label is nobody's."""
    found, name = ENDPOINTS[endpoint], "Jürgen 名前"
    task = journals.task(labels={"owner": name})
    task.append({"text": SECRET}, files=["secret.txt"])
    typed = unicodedata.normalize("NFD", name)
    assert found.ask(guarded, task.id, sign(owner=typed, scope=f"read {found.action}")).code == ""
    check(found.ask(guarded, task.id, sign(owner="Jurgen 名前", **_ALL)), problems.UNKNOWN_TASK)
    garbled = name.encode().decode("latin-1")
    check(found.ask(guarded, task.id, sign(owner=garbled, **_ALL)), problems.UNAUTHENTICATED)


FEED = f"owner:{OWNER}"

#: Whom a feed is none of the business of.
FEED_STRANGERS: dict[str, Callable[[str], str]] = {
    "its task's": lambda task_id: sign(tasks=[task_id], sub=OWNER),
    "its group's": lambda _: sign(groups=["group-1"], sub=OWNER),
    "that may only cancel": lambda _: sign(owner=OWNER, scope="cancel"),
    "another feed's": lambda _: sign(feeds=["owner:another", "tag:its"], sub=OWNER),
    "that may only cancel, for the feed": lambda _: sign(feeds=[FEED], scope="cancel"),
    "for a feed that begins so": lambda _: sign(feeds=[FEED[:-1], FEED + "/x"]),
}


class TestFeeds:
    """Whose a feed is, its name says: one with tasks and one without are told apart by nothing."""

    NOBODYS = "owner:nobody"

    def same(self, answer: Answer) -> Answer:
        """The answer without the name of the feed, which a socket repeats."""
        body = answer.body.decode().replace(FEED, "").replace(self.NOBODYS, "")
        return answer._replace(body=body.encode())

    @pytest.mark.parametrize("row", INVALID)
    @pytest.mark.parametrize("endpoint", FEEDS)
    def test_a_token_that_is_none(self, guarded: Gateway, owned: Task, endpoint: str, row: str) -> None:
        token, problem = INVALID[row]
        ask = FEEDS[endpoint].ask
        answer = ask(guarded, FEED, token(owned.id))
        check(answer, problem)
        assert self.same(ask(guarded, self.NOBODYS, token(owned.id))) == self.same(answer)

    @pytest.mark.parametrize("stranger", [*STRANGERS, *FEED_STRANGERS])
    @pytest.mark.parametrize("endpoint", FEEDS)
    def test_a_token_for_something_else(
        self, guarded: Gateway, owned: Task, endpoint: str, stranger: str
    ) -> None:
        token, ask = (STRANGERS | FEED_STRANGERS)[stranger](owned.id), FEEDS[endpoint].ask
        answer = ask(guarded, FEED, token)
        check(answer, problems.UNKNOWN_FEED)
        assert self.same(ask(guarded, self.NOBODYS, token)) == self.same(answer)

    @pytest.mark.parametrize("claim", ["owner", "feeds"])
    @pytest.mark.parametrize("endpoint", FEEDS)
    @pytest.mark.usefixtures("owned")
    def test_a_token_that_is_good_for_it(self, guarded: Gateway, endpoint: str, claim: str) -> None:
        typed = unicodedata.normalize("NFD", OWNER)
        good: dict[str, Any] = {"owner": typed} if claim == "owner" else {"feeds": [f"owner:{typed}"]}
        answer = FEEDS[endpoint].ask(guarded, FEED, sign("edward", scope="read", **good))
        assert answer.status in (200, 201, 204, OPEN)
        assert answer.code == ""
        assert FEEDS[endpoint].method == "POST" or OWNER in answer.body.decode()


class TestSchemas:
    """They are about no task: whoever has a good token for anything may read them, and nobody else."""

    @pytest.fixture(autouse=True)
    def published(self, journals: Journals) -> None:
        result = f'{{"result":{{"title":"{SECRET}"}}}}'
        journals.redis.hset(control().schemas, "jobs.typed", f'{{"title":"{SECRET}","properties":{result}}}')

    @pytest.mark.parametrize("row", INVALID)
    def test_a_token_that_is_none(self, guarded: Gateway, row: str) -> None:
        token, problem = INVALID[row]
        answer = SCHEMA.ask(guarded, "jobs.typed", token("7"))
        check(answer, problem)
        assert SCHEMA.ask(guarded, "jobs.unheard_of", token("7")) == answer

    @pytest.mark.parametrize("stranger", STRANGERS)
    def test_any_token_that_is_one(self, guarded: Gateway, stranger: str) -> None:
        token = STRANGERS[stranger]("7")
        assert SCHEMA.ask(guarded, "jobs.typed", token).status == 200
        check(SCHEMA.ask(guarded, "jobs.unheard_of", token), problems.NOT_FOUND)

    @pytest.mark.parametrize("row", INVALID)
    @pytest.mark.parametrize("document", DOCUMENTS, ids=lambda endpoint: endpoint.path)
    def test_a_document_has_them_for_nobody_else(
        self, guarded: Gateway, document: Endpoint, row: str
    ) -> None:
        answer = document.ask(guarded, "", INVALID[row].token("7"))
        assert answer.status == 200
        assert b"TaskEvent" in answer.body
        assert not [word for word in (SECRET, "jobs.typed") if word.encode() in answer.body]

    @pytest.mark.parametrize("stranger", STRANGERS)
    @pytest.mark.parametrize("document", DOCUMENTS, ids=lambda endpoint: endpoint.path)
    def test_a_document_has_them_for_any_token_that_is_one(
        self, guarded: Gateway, document: Endpoint, stranger: str
    ) -> None:
        assert SECRET.encode() in document.ask(guarded, "", STRANGERS[stranger]("7")).body


@pytest.mark.parametrize("row", INVALID)
def test_devices_webhooks_and_preferences_are_those_of_whoever_has_a_token(
    guarded: Gateway, row: str
) -> None:
    """Whose they are is tested in tests/notifications."""
    token, problem = INVALID[row]
    for endpoint in (*DEVICES, *WEBHOOKS, *PREFERENCES):
        check(endpoint.ask(guarded, "", token("7")), problem)


@pytest.mark.parametrize("token", GOOD)
@pytest.mark.parametrize("endpoint", [name for name, found in ENDPOINTS.items() if found.action != "read"])
def test_a_token_that_only_reads(guarded: Gateway, owned: Task, endpoint: str, token: str) -> None:
    check(ENDPOINTS[endpoint].ask(guarded, owned.id, GOOD[token](owned, "read")), problems.FORBIDDEN)
    assert len(owned.records()) == 2


def test_whoever_may_cancel_may_not_terminate(guarded: Gateway, owned: Task) -> None:
    token = sign(tasks=[owned.id], scope="read cancel")
    check(ENDPOINTS["terminate"].ask(guarded, owned.id, token), problems.FORBIDDEN)
    assert len(owned.records()) == 2
    assert ENDPOINTS["cancel"].ask(guarded, owned.id, token).status == 202


def test_a_token_that_only_cancels_is_told_nothing(guarded: Gateway, owned: Task) -> None:
    check(
        ENDPOINTS["snapshot"].ask(guarded, owned.id, sign(tasks=[owned.id], scope="cancel")),
        problems.UNKNOWN_TASK,
    )


class TestTheTable:
    def test_has_every_route(self, tmp_path: Path) -> None:
        found = set()
        app = create_app(
            Settings.model_validate(
                TOKENS
                | PUSHING
                | {
                    "api_keys": [],
                    "webhooks": [],
                    "dashboard": True,
                    "key_management": True,
                    "accounts_db": FILES / "unused.db",
                    "mail_webhook": "http://127.0.0.1:8000/hooks/mail",
                    "mail_secret_file": tmp_path / "mail.secret",
                }
            )
        )
        routes = list(app.routes)
        while routes:
            match route := routes.pop():
                case APIWebSocketRoute():
                    found.add(("WS", route.path))
                case APIRoute() | Route():
                    found |= {(method, route.path) for method in (route.methods or set()) - {"HEAD"}}
                case Mount():
                    found.add(("MOUNT", route.path))
                case _:
                    routes += route.original_router.routes  # type: ignore[attr-defined]  # an included one
        asked = {
            (each.method, each.path)
            for each in (
                *(*ENDPOINTS.values(), *FEEDS.values(), *DEVICES),
                *(*WEBHOOKS, *PREFERENCES, *DOCUMENTS, SCHEMA),
            )
        }
        assert found == asked | KEYS | LOGIN | OPERATORS | SIGNED | PUBLIC


class TestTime:
    """What a stranger could measure."""

    CLAIMS: ClassVar[dict[str, Any]] = {"by id": {"tasks": ["another"]}, "by owner": {"owner": "another"}}

    @pytest.mark.parametrize("kind", CLAIMS)
    def test_redis_is_asked_the_same(self, guarded: Gateway, owned: Task, valkey: Valkey, kind: str) -> None:
        ask = ENDPOINTS["snapshot"].ask
        token = sign(**self.CLAIMS[kind])
        for task_id in (owned.id, NOBODYS):
            asked = commands_about(task_id, valkey, partial(ask, guarded, task_id, token))
            assert asked == (["HMGET"] if kind == "by owner" else [])

    @pytest.mark.parametrize("kind", CLAIMS)
    def test_both_take_as_long(self, guarded: Gateway, owned: Task, kind: str) -> None:
        """Far from exact: it would notice a wait, or a read of the journal of many events.

        Whatever else the machine does is soon over; what a stranger could measure would be there each time.
        """
        owned.grow(900)
        wait_until(lambda: self.ratio(guarded, owned, kind) < 1.5)

    def ratio(self, guarded: Gateway, owned: Task, kind: str) -> float:
        """How much longer one of the two answers takes than the other."""
        ask, token = ENDPOINTS["events"].ask, sign(**self.CLAIMS[kind])
        took: dict[str, list[float]] = {owned.id: [], NOBODYS: []}
        for _ in range(60):
            for task_id, times in took.items():
                began = time.perf_counter()
                ask(guarded, task_id, token)
                times.append(time.perf_counter() - began)
        fast, slow = sorted(median(times) for times in took.values())
        return slow / fast


def commands_about(task_id: str, valkey: Valkey, action: Callable[[], object]) -> list[str]:
    """The names of the commands that name the task meanwhile; a gateway also asks for things of its own."""
    names: list[str] = []
    with servers_of(valkey.url(1)) as servers, ExitStack() as stack:
        monitors = [stack.enter_context(server.monitor()) for server in servers]
        action()
        for server, monitor in zip(servers, monitors, strict=True):
            server.echo(end := str(uuid4()))
            for heard in monitor.listen():
                if end in heard["command"]:
                    break
                if task_id in heard["command"]:
                    names.append(heard["command"].split(" ", 1)[0].upper())
    return names


def test_no_token_is_in_the_log(guarded: Gateway) -> None:
    token = sign(tasks=["a"])
    for query in ("ticket", "token"):
        http("GET", f"/tasks/a?{query}={token}")(guarded, "a", None)
    wait_until(lambda: "[secret]" in guarded.process.output)
    assert token not in guarded.process.output


@pytest.fixture(autouse=True)
def _quiet(served: Gateway) -> Iterator[None]:
    yield
    assert "Traceback" not in served.process.output
