"""Every endpoint against every token that is not good for it: the right code, and no byte of the task."""

from __future__ import annotations

import asyncio
import json
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import jwt
import pytest
from fastapi.routing import APIRoute, APIWebSocketRoute
from starlette.routing import Mount, Route

from app.main import create_app
from app.settings import Settings
from taskbeam.cli.revoke import run as revoke_on
from taskbeam.gateway import problems
from taskbeam.gateway.connections.celery_application import celery_application
from tests.support.tokens import ED25519, TOKENS, claims, sign
from tests.support.waiting import wait_until

from .endpoints import ENDPOINTS, OPEN, PUBLIC, Answer, http

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import redis

    from stack.valkey import Valkey
    from taskbeam.gateway.problems import Problem
    from tests.support.gateway import Gateway
    from tests.support.journal import Journals, Task

FILES = Path(tempfile.mkdtemp(prefix="taskbeam-files-"))
SETTINGS = TOKENS | {"files_dir": FILES}
SECRET = "planted-secret"
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
_ALL = {"scope": "read cancel send"}

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
        lambda task_id: sign(tasks=[task_id], sub="revoked", iat=time.time() - 60, **_ALL),
        problems.TOKEN_REVOKED,
    ),
}

STRANGERS: dict[str, Callable[[str], str]] = {
    "another task's": lambda _: sign(tasks=["another"]),
    "another owner's": lambda _: sign(owner="another"),
    "another group's": lambda _: sign(groups=["another"]),
    "nothing's": lambda _: sign(),
    "without a scope": lambda task_id: sign(tasks=[task_id], scope=None),
    "that may only cancel, of another": lambda _: sign(owner="another", scope="cancel"),
}

GOOD: dict[str, Callable[[Task, str], str]] = {
    "its own": lambda task, scope: sign(tasks=["another", task.id], scope=scope),
    "its owner's": lambda _, scope: sign("edward", owner="user-7", scope=scope),
    "its group's": lambda _, scope: sign(groups=["group-1"], scope=scope),
}


@pytest.fixture(scope="module")
def guarded(served: Gateway, valkey: Valkey) -> Gateway:
    """The gateway, once it has heard of what is revoked."""
    (FILES / "secret.txt").write_text(SECRET)
    settings = Settings(result_backend="taskbeam+" + valkey.url(1))
    asyncio.run(revoke_on(celery_application(settings), settings, ["revoked"], ["revoked"]))
    ask = http("GET", "/tasks/{task_id}")
    wait_until(lambda: ask(served, NOBODYS, sign(tasks=[NOBODYS], jti="revoked")).code == "token_revoked")
    return served


@pytest.fixture
def owned(journals: Journals) -> Task:
    """A task with an owner, a group and a secret."""
    task = journals.task(labels={"owner": "user-7", "group": "group-1"})
    task.append({"text": SECRET, "file_url": "/files/secret.txt"})
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


@pytest.mark.parametrize("token", GOOD)
@pytest.mark.parametrize("endpoint", [name for name, found in ENDPOINTS.items() if found.action != "read"])
def test_a_token_that_only_reads(guarded: Gateway, owned: Task, endpoint: str, token: str) -> None:
    check(ENDPOINTS[endpoint].ask(guarded, owned.id, GOOD[token](owned, "read")), problems.FORBIDDEN)
    assert len(owned.records()) == 2


def test_a_token_that_only_cancels_is_told_nothing(guarded: Gateway, owned: Task) -> None:
    check(
        ENDPOINTS["snapshot"].ask(guarded, owned.id, sign(tasks=[owned.id], scope="cancel")),
        problems.UNKNOWN_TASK,
    )


class TestTheTable:
    def test_has_every_route(self) -> None:
        found = set()
        app = create_app(Settings.model_validate(TOKENS | {"api_keys": [], "dashboard": True}))
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
        assert found == {(endpoint.method, endpoint.path) for endpoint in ENDPOINTS.values()} | PUBLIC


class TestTime:
    """What a stranger could measure."""

    TOKENS: ClassVar = {"by id": sign(tasks=["another"]), "by owner": sign(owner="another")}

    @pytest.mark.parametrize("kind", TOKENS)
    def test_redis_is_asked_the_same(
        self, guarded: Gateway, owned: Task, journals: Journals, kind: str
    ) -> None:
        ask = ENDPOINTS["snapshot"].ask
        token = self.TOKENS[kind]
        asked = []
        for task_id in (owned.id, NOBODYS):
            before = calls(journals.redis)
            ask(guarded, task_id, token)
            asked.append({name: count - before.get(name, 0) for name, count in calls(journals.redis).items()})
        for counts in asked:
            # What every gateway does by itself, and this test.
            for name in ("zrangebyscore", "info", "ping", "time", "zrange", "zcard", "exists"):
                counts.pop(name, None)
        assert asked[0] == asked[1]
        assert asked[0].get("hmget", 0) == (1 if kind == "by owner" else 0)
        assert asked[0].get("evalsha", 0) == 0

    @pytest.mark.parametrize("kind", TOKENS)
    def test_both_take_as_long(self, guarded: Gateway, owned: Task, kind: str) -> None:
        """Far from exact: it would notice a wait, or a read of the journal of many events.

        Whatever else the machine does is soon over; what a stranger could measure would be there each time.
        """
        owned.grow(900)
        wait_until(lambda: self.ratio(guarded, owned, kind) < 1.5)

    def ratio(self, guarded: Gateway, owned: Task, kind: str) -> float:
        """How much longer one of the two answers takes than the other."""
        ask, token = ENDPOINTS["events"].ask, self.TOKENS[kind]
        took: dict[str, list[float]] = {owned.id: [], NOBODYS: []}
        for _ in range(60):
            for task_id, times in took.items():
                began = time.perf_counter()
                ask(guarded, task_id, token)
                times.append(time.perf_counter() - began)
        fast, slow = sorted(median(times) for times in took.values())
        return slow / fast


def calls(client: redis.Redis) -> dict[str, int]:
    """How often each command was called, scripts' own calls included."""
    found: Any = client.info("commandstats")
    return {name.removeprefix("cmdstat_"): stats["calls"] for name, stats in found.items()}


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
