"""Tokens of an OpenID Connect provider, on every endpoint and both serving paths, while its keys change."""

from __future__ import annotations

import json
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from taskbeam.gateway.auth.keys import new_key
from tests.support.gateway import PATHS, gateway
from tests.support.issuer import ForeignIssuer, serving
from tests.support.tokens import PUSHING, TOKENS
from tests.support.waiting import wait_until

from .endpoints import ENDPOINTS, OPEN, Answer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from stack.valkey import Valkey
    from tests.support.gateway import Gateway
    from tests.support.journal import Journals, Task

NAME = "https://login.example/realms/shop"

#: Seconds between two looks at its keys.
RETRY = 0.05

ABOUT_TASKS = [name for name, endpoint in ENDPOINTS.items() if endpoint.action != "send"]
FIRST_MESSAGES = [
    name
    for name in ENDPOINTS
    if name
    in ("socket, by first message", "subscription, by first message", "subscription, by its own token")
]


@contextmanager
def trusting(issuer: ForeignIssuer, valkey: Valkey, path: str, files: Path) -> Iterator[Gateway]:
    """A gateway that takes the issuer's tokens, served in one of the ways."""
    issuer.keys = {"first": new_key("RS256", "first")}
    entry = {
        "issuer": NAME,
        "audience": "taskbeam-api",
        "jwks_url": issuer.url,
        "allowed_scopes": ["read", "cancel", "terminate"],
        "owners": ["user-*"],
        "retry_interval": RETRY,
    }
    (files / "secret.txt").write_text("secret")
    settings = TOKENS | PUSHING | {"issuers": json.dumps([entry]), "files_dir": files}
    with gateway(valkey.url().removesuffix("/0"), path, **settings) as running:
        yield running


@pytest.fixture(scope="module")
def issuer() -> Iterator[ForeignIssuer]:
    with serving(ForeignIssuer(NAME)) as served:
        yield served


@pytest.fixture(scope="module", params=PATHS)
def served(
    request: pytest.FixtureRequest, valkey: Valkey, issuer: ForeignIssuer, tmp_path_factory: Any
) -> Iterator[Gateway]:
    """It has the issuer's keys."""
    with trusting(issuer, valkey, request.param, tmp_path_factory.mktemp("files")) as running:
        wait_until(lambda: ENDPOINTS["snapshot"].ask(running, "unknown", issuer.sign()).status == 404)
        yield running


@pytest.fixture
def away() -> Iterator[ForeignIssuer]:
    """An issuer that is down."""
    with serving(ForeignIssuer(NAME)) as served:
        served.answer = lambda: iter([b"HTTP/1.1 503 Later\r\nContent-Length: 0\r\n\r\n"])
        yield served


@pytest.fixture
def owned(journals: Journals) -> Task:
    task = journals.task(labels={"owner": "user-7"})
    task.append(files=["secret.txt"])
    return task


def ask(served: Gateway, endpoint: str, task: Task, token: str) -> Answer:
    return ENDPOINTS[endpoint].ask(served, task.id, token)


@pytest.mark.parametrize("path", PATHS)
def test_a_gateway_says_try_again_while_the_issuer_is_down_and_serves_its_tokens_then(
    away: ForeignIssuer, valkey: Valkey, owned: Task, path: str, tmp_path: Path
) -> None:
    """The gateway has not seen a key of it yet."""
    with trusting(away, valkey, path, tmp_path) as served:
        token = away.sign(scope="read cancel terminate")
        answers = {endpoint: ask(served, endpoint, owned, token) for endpoint in ABOUT_TASKS}
        assert {endpoint: answer.code for endpoint, answer in answers.items()} == dict.fromkeys(
            ABOUT_TASKS, "unavailable"
        )
        assert {answer.status for answer in answers.values()} <= {503, 1013, OPEN}
        away.answer = None
        wait_until(lambda: ask(served, "snapshot", owned, away.sign()).status == 200)


@pytest.mark.parametrize("endpoint", ABOUT_TASKS)
def test_its_token_is_good(served: Gateway, issuer: ForeignIssuer, owned: Task, endpoint: str) -> None:
    answer = ask(served, endpoint, owned, issuer.sign(scope="read cancel terminate"))
    assert answer.code == ""
    assert answer.status in (200, 201, 202, 204, OPEN)


@pytest.mark.parametrize("endpoint", ENDPOINTS)
@pytest.mark.parametrize(
    ("claims", "header"),
    [
        ({"iss": "https://login.example/realms/other"}, {}),
        ({"iss": None}, {}),
        ({"aud": "another-api"}, {}),
        ({"sub": "admin"}, {}),
        ({}, {"typ": "logout+jwt"}),
    ],
    ids=["another issuer", "no issuer", "another audience", "an owner it may not name", "another type"],
)
def test_one_that_it_may_not_sign_is_none(
    served: Gateway,
    issuer: ForeignIssuer,
    owned: Task,
    endpoint: str,
    claims: dict[str, Any],
    header: dict[str, Any],
) -> None:
    token = issuer.sign(header=header, scope="read cancel send", **claims)
    assert ask(served, endpoint, owned, token).code == "unauthenticated"


def test_it_signs_for_no_sending(served: Gateway, issuer: ForeignIssuer, owned: Task) -> None:
    assert ask(served, "new report", owned, issuer.sign(scope="read cancel send")).code == "forbidden"


def test_another_owners_task_is_not_there(served: Gateway, issuer: ForeignIssuer, owned: Task) -> None:
    assert ask(served, "events", owned, issuer.sign(sub="user-8")).code == "unknown_task"


class TestNewKeys:
    @pytest.mark.parametrize(
        "endpoint", ["snapshot", "events", "event stream", "socket", "socket, by subprotocol", "subscription"]
    )
    def test_are_waited_for_where_a_request_can_wait(
        self, served: Gateway, issuer: ForeignIssuer, owned: Task, endpoint: str
    ) -> None:
        """The first request with a token by a new key is answered as any other, once a look is due."""
        pause(issuer)
        issuer.rotate(f"new for {endpoint}", "ES256")
        assert ask(served, endpoint, owned, issuer.sign()).code == ""

    @pytest.mark.parametrize("endpoint", FIRST_MESSAGES)
    def test_are_fetched_meanwhile_where_a_message_cannot(
        self, served: Gateway, issuer: ForeignIssuer, owned: Task, endpoint: str
    ) -> None:
        pause(issuer)
        issuer.rotate(f"new for {endpoint}", "EdDSA")
        assert ask(served, endpoint, owned, issuer.sign()).code == "unavailable"
        wait_until(lambda: ask(served, endpoint, owned, issuer.sign()).code == "")

    def test_leave_no_token_by_the_old_ones(
        self, served: Gateway, issuer: ForeignIssuer, owned: Task
    ) -> None:
        before = issuer.sign()
        pause(issuer)
        issuer.rotate("newest")
        assert ask(served, "snapshot", owned, issuer.sign()).code == ""
        assert ask(served, "snapshot", owned, before).code == "unauthenticated"


def pause(issuer: ForeignIssuer) -> None:
    """Until a look at its keys is due again, whenever the gateway made the last one."""
    wait_until(lambda: time.monotonic() - issuer.last_asked > 10 * RETRY)
