"""An operator's way into a gateway: a code that is good once, a session in a cookie, and its end."""

from __future__ import annotations

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor
from http.cookies import SimpleCookie
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from taskbeam.gateway.auth.credentials import COOKIE
from taskbeam.gateway.auth.keys import new_key, parse_keys
from taskbeam.gateway.auth.operators import DASHBOARD, make_code, operator
from taskbeam.gateway.auth.tickets import Tickets
from taskbeam.gateway.auth.tokens import Tokens
from tests.support.results import connected_to, control
from tests.support.tokens import KEYS, TOKENS, bearer, sign
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stack.valkey import Valkey
    from taskbeam.gateway.auth.keys import KeySet
    from tests.support.gateway import Gateway
    from tests.support.journal import Journals, Task

SETTINGS = TOKENS

#: Seconds, of a code and of a session.
GOOD, LASTS = 600.0, 3600.0


def code(valkey: Valkey, good: float = GOOD, *, read_only: bool = False, keys: KeySet | None = None) -> str:
    """As `taskbeam login` makes it."""

    async def made() -> str:
        async with connected_to(valkey.url(1)) as redis:
            tokens = Tokens(keys or parse_keys(KEYS), "taskbeam", 900, 86_400)
            logins = Tickets(redis, control(), good, "login")
            return await make_code(tokens, logins, operator("ada", read_only=read_only), LASTS)

    return asyncio.run(made())


def log_in(http: httpx.Client, code: str, **headers: str) -> httpx.Response:
    return http.post("/login", json={"code": code}, headers=headers)


def cookie_of(answer: httpx.Response) -> dict[str, str]:
    """What stands in the cookie's header, and its value as ``value``."""
    (morsel,) = SimpleCookie(answer.headers["set-cookie"]).values()
    return {name: str(value) for name, value in morsel.items() if value} | {"value": morsel.value}


@pytest.fixture
def session(served: Gateway, valkey: Valkey) -> Iterator[httpx.Client]:
    """The client of an operator who has signed in."""
    with httpx.Client(base_url=served.http, timeout=60) as client:
        token = cookie_of(log_in(client, code(valkey)))["value"]
        # The client would bring it over https alone.
        client.headers["Cookie"] = f"{COOKIE}={token}"
        yield client


def test_a_code_is_a_session_once(http: httpx.Client, valkey: Valkey) -> None:
    link = code(valkey)
    first, again = log_in(http, link), log_in(http, link)
    assert (first.status_code, first.content, first.headers["cache-control"]) == (204, b"", "no-store")
    cookie = cookie_of(first)
    assert cookie.pop("value").count(".") == 2
    assert LASTS - 60 <= int(cookie.pop("max-age")) <= LASTS
    assert cookie == {"httponly": "True", "path": "/", "samesite": "strict", "secure": "True"}
    assert (again.status_code, again.json()["code"]) == (401, "unauthenticated")
    assert "set-cookie" not in again.headers


def test_of_many_requests_at_once_one_has_the_session(http: httpx.Client, valkey: Valkey) -> None:
    link = code(valkey)
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: log_in(http, link), range(4)))
    assert sorted(answer.status_code for answer in answers) == [204, 401, 401, 401]


def test_a_code_that_lets_nobody_in_yet_stays_good(
    http: httpx.Client, valkey: Valkey, journals: Journals
) -> None:
    """Such as one by a key that this gateway does not have, or where nothing is known of revocations."""
    before = set(journals.redis.scan_iter(control().ticket("*")))
    link = code(valkey, keys=parse_keys(json.dumps({"keys": [new_key("EdDSA", "another")]})))
    assert log_in(http, link).status_code == 401
    assert len(set(journals.redis.scan_iter(control().ticket("*"))) - before) == 1


def test_who_signs_in_is_in_the_audit_log(session: httpx.Client, journals: Journals) -> None:
    assert session.get("/healthz").status_code == 200
    found: Any = journals.redis.xrevrange(control().audit, count=1)
    [(_, entry)] = found
    wanted = {
        "who": "operator:ada",
        "action": "log_in",
        "target": "owner:operator:ada",
        "origin": "127.0.0.1",
    }
    assert entry == {name.encode(): value.encode() for name, value in (wanted | {"detail": "{}"}).items()}


def test_a_code_is_good_for_its_time(http: httpx.Client, valkey: Valkey, journals: Journals) -> None:
    before = set(journals.redis.scan_iter(control().ticket("*")))
    link = code(valkey, good=0.05)
    wait_until(lambda: set(journals.redis.scan_iter(control().ticket("*"))) <= before)
    assert log_in(http, link).status_code == 401


def test_a_session_sees_every_task_and_may_end_it(session: httpx.Client, task: Task) -> None:
    assert session.get(f"/tasks/{task.id}").status_code == 200
    assert session.post(f"/tasks/{task.id}/cancel").status_code == 202


def test_one_that_reads_changes_nothing(served: Gateway, valkey: Valkey, task: Task) -> None:
    with httpx.Client(base_url=served.http, timeout=60) as http:
        token = cookie_of(log_in(http, code(valkey, read_only=True)))["value"]
        http.headers["Cookie"] = f"{COOKIE}={token}"
        assert http.get(f"/tasks/{task.id}").status_code == 200
        assert http.post(f"/tasks/{task.id}/cancel").status_code == 403


def test_who_may_read_the_dashboard_reads_every_task(http: httpx.Client, task: Task) -> None:
    asked = {name: bearer(sign(tasks=[name])) for name in (DASHBOARD, "another")}
    found = {name: http.get(f"/tasks/{task.id}", headers=headers) for name, headers in asked.items()}
    assert {name: answer.status_code for name, answer in found.items()} == {DASHBOARD: 200, "another": 404}


def test_a_code_is_no_ticket_and_a_ticket_no_code(http: httpx.Client, valkey: Valkey, task: Task) -> None:
    answer = http.post(f"/tasks/{task.id}/tickets", headers=bearer(sign(tasks=[task.id])))
    assert log_in(http, answer.json()["ticket"]).status_code == 401
    assert http.get(f"/tasks/{task.id}?ticket={code(valkey)}").status_code == 401


def test_signing_out_ends_it_everywhere(session: httpx.Client, task: Task) -> None:
    """Also where the browser has another gateway's cookie, of a shorter path."""
    session.headers["Cookie"] += f"; {COOKIE}=of-another-gateway"
    answer = session.delete("/login")
    assert (answer.status_code, cookie_of(answer)["max-age"]) == (204, "0")
    wait_until(lambda: session.get(f"/tasks/{task.id}").json().get("code") == "token_revoked")


def test_who_has_none_any_more_may_sign_out_and_in(http: httpx.Client, valkey: Valkey) -> None:
    old = {"Cookie": f"{COOKIE}={sign(tasks=[DASHBOARD], iat=1.0, exp=2.0)}"}
    assert http.delete("/login", headers=old).status_code == 204
    assert log_in(http, code(valkey), **old).status_code == 204


@pytest.mark.parametrize("method", ["POST", "DELETE"])
def test_no_page_of_another_site_does_either(http: httpx.Client, valkey: Valkey, method: str) -> None:
    link = code(valkey)
    answer = http.request(method, "/login", json={"code": link}, headers={"Origin": "https://evil.example"})
    assert (answer.status_code, answer.json()["code"]) == (403, "foreign_origin")
    assert log_in(http, link).status_code == 204


def test_the_pages_form_sends_nothing_by_itself(http: httpx.Client) -> None:
    """Before its script is there, or without it, a link in the address would be in logs and the history."""
    assert '<form method="post" inert>' in http.get("/login/").text


@pytest.mark.parametrize("path", ["/login/", "/login/login.js", "/login/login.css"])
def test_its_page_is_there_for_everybody_and_tells_nobody_where_it_was(http: httpx.Client, path: str) -> None:
    answer = http.get(path)
    assert (answer.status_code, answer.headers["referrer-policy"]) == (200, "no-referrer")
    assert http.get("/login").headers["location"] == "login/"
