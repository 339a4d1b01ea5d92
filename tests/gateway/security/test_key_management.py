"""Managing API keys over HTTP: for whoever has a key that may, and for nobody else."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from taskbeam.gateway.auth.api_key import KeyText
from tests.support.gateway import gateway
from tests.support.tokens import TOKENS, bearer, sign
from tests.support.waiting import wait_until

from .endpoints import KEYS
from .test_api_keys import ACTOR, Store, send

if TYPE_CHECKING:
    from collections.abc import Callable

    from stack.valkey import Valkey
    from tests.support.gateway import Gateway

SETTINGS = TOKENS | {"key_management": 1}


@pytest.fixture
def store(valkey: Valkey) -> Store:
    store = Store(valkey.url(1))
    store.clock.now = time.time()
    return store


@pytest.fixture
def admin(store: Store) -> KeyText:
    return store.create(name="Platform", admin=True)


def call(http: httpx.Client, method: str, path: str, key: object, **given: Any) -> httpx.Response:
    return http.request(method, path, headers={"X-API-Key": str(key)}, **given)


def create(http: httpx.Client, admin: KeyText, **wanted: Any) -> dict[str, Any]:
    answer = call(http, "POST", "/keys", admin, json={"name": "shop"} | wanted)
    assert answer.status_code == 201
    assert answer.headers["cache-control"] == "no-store"
    made: dict[str, Any] = answer.json()
    return made


STRANGERS: dict[str, tuple[Callable[[Store], dict[str, str]], int]] = {
    "nobody": (lambda _: {}, 401),
    "a key that is none": (lambda _: {"X-API-Key": str(KeyText.new())}, 401),
    "a key of the settings": (lambda _: {"X-API-Key": "an-api-key-of-the-tests"}, 401),
    "a token with every scope": (lambda _: bearer(sign(scope="read cancel send admin", owner="o")), 401),
    "a key that sends": (lambda store: {"X-API-Key": str(store.create())}, 403),
    "an expired one": (lambda store: {"X-API-Key": str(expired(store))}, 401),
    "a revoked one": (lambda store: {"X-API-Key": str(revoked(store))}, 401),
}


def expired(store: Store) -> KeyText:
    store.clock.now -= 100
    return store.create(admin=True, lifetime=50)


def revoked(store: Store) -> KeyText:
    text = store.create(admin=True)
    store.do(lambda keys: keys.revoke(ACTOR, text.id, 3600))
    return text


@pytest.mark.parametrize(("method", "path"), sorted(KEYS))
@pytest.mark.parametrize("who", STRANGERS)
def test_a_stranger_manages_nothing(
    http: httpx.Client, store: Store, who: str, method: str, path: str
) -> None:
    """Nor does one learn which keys there are."""
    there = store.create(name="planted")
    headers, status = STRANGERS[who]
    given = headers(store)
    answers = [
        http.request(method, path.format(key_id=key_id), headers=given, json={"name": "mine"})
        for key_id in (there.id, "nobody")
    ]
    assert [answer.status_code for answer in answers] == [status, status]
    assert answers[0].content == answers[1].content
    assert b"planted" not in answers[0].content
    assert store.opens(there)


class TestAnAdminKey:
    def test_makes_keys_that_send(self, http: httpx.Client, store: Store, admin: KeyText) -> None:
        made = create(http, admin, owners=["user-123"], queues=["reports"], expires_in=600)
        assert send(http, made["key"]).status_code == 202
        assert (made["owners"], made["queues"], made["admin"]) == (["user-123"], ["reports"], False)
        assert abs(made["expires"] - time.time() - 600) < 300
        assert store.opens(made["key"])

    def test_lists_them_without_secrets(self, http: httpx.Client, admin: KeyText) -> None:
        made = create(http, admin, tasks=["reports.*"])
        send(http, made["key"])
        answer = call(http, "GET", "/keys", admin)
        found = {each["id"]: each for each in answer.json()["keys"]}
        assert found[made["id"]]["tasks"] == ["reports.*"]
        assert found[made["id"]]["last_used"] == pytest.approx(time.time(), abs=300)
        assert {"key", "digest", "previous"}.isdisjoint(found[made["id"]])
        assert KeyText.read(made["key"]).secret not in answer.text  # type: ignore[union-attr]
        assert answer.headers["cache-control"] == "no-store"

    def test_rotates_them(self, http: httpx.Client, admin: KeyText) -> None:
        made = create(http, admin)
        second = call(http, "POST", f"/keys/{made['id']}/rotate?grace=600", admin).json()
        assert [send(http, each["key"]).status_code for each in (made, second)] == [202, 202]
        third = call(http, "POST", f"/keys/{made['id']}/rotate", admin).json()
        assert [send(http, each["key"]).status_code for each in (made, second, third)] == [401, 401, 202]

    def test_revokes_them(self, http: httpx.Client, admin: KeyText) -> None:
        made = create(http, admin)
        answer = call(http, "POST", f"/keys/{made['id']}/revoke", admin)
        assert answer.json()["revoked"] == pytest.approx(time.time(), abs=300)
        assert send(http, made["key"]).status_code == 401
        for change in ("revoke", "rotate"):
            assert call(http, "POST", f"/keys/{made['id']}/{change}", admin).status_code == 404

    def test_is_named_in_the_audit_log(self, http: httpx.Client, store: Store, admin: KeyText) -> None:
        made = create(http, admin)
        entry = store.audit()[0]
        assert (entry.action, entry.who, entry.target, entry.origin) == (
            "create_key",
            f"key:{admin.id}",
            f"key:{made['id']}",
            "127.0.0.1",
        )

    def test_makes_no_other_of_its_kind(self, http: httpx.Client, admin: KeyText) -> None:
        wanted = {"name": "more", "admin": True}
        assert call(http, "POST", "/keys", admin, json=wanted).json()["code"] == "invalid_request"

    def test_changes_no_other_of_its_kind_but_itself(
        self, http: httpx.Client, store: Store, admin: KeyText
    ) -> None:
        other = store.create(name="Others", admin=True)
        for change in ("revoke", "rotate"):
            assert call(http, "POST", f"/keys/{other.id}/{change}", admin).json()["code"] == "forbidden"
        fresh = call(http, "POST", f"/keys/{admin.id}/rotate", admin).json()
        assert call(http, "GET", "/keys", fresh["key"]).status_code == 200
        assert call(http, "GET", "/keys", admin).status_code == 401

    def test_sends_nothing(self, http: httpx.Client, admin: KeyText) -> None:
        assert send(http, admin).json()["code"] == "forbidden"

    @pytest.mark.parametrize(
        "wrong",
        [
            {},
            {"name": ""},
            {"name": "a\nb"},
            {"name": "a", "owners": []},
            {"name": "a", "owners": ["x" * 256]},
            {"name": "a", "expires_in": 0},
            {"name": "a", "queues": "reports"},
        ],
    )
    def test_asks_for_what_a_key_can_be(
        self, http: httpx.Client, admin: KeyText, wrong: dict[str, Any]
    ) -> None:
        assert call(http, "POST", "/keys", admin, json=wrong).json()["code"] == "invalid_request"

    def test_is_not_used_by_a_page_of_another_site(self, http: httpx.Client, admin: KeyText) -> None:
        headers = {"X-API-Key": str(admin), "Origin": "https://evil.example"}
        answer = http.post("/keys", headers=headers, json={"name": "mine"})
        assert answer.json()["code"] == "foreign_origin"


def test_without_the_setting_there_is_nothing(valkey: Valkey, admin: KeyText) -> None:
    with (
        gateway(valkey.url().removesuffix("/0"), **TOKENS) as running,
        httpx.Client(base_url=running.http, timeout=60) as client,
    ):
        assert call(client, "GET", "/keys", admin).status_code == 404


def test_an_open_gateway_asks_for_a_key_all_the_same(valkey: Valkey, admin: KeyText) -> None:
    with (
        gateway(valkey.url().removesuffix("/0"), key_management=1) as running,
        httpx.Client(base_url=running.http, timeout=60) as client,
    ):
        assert client.get("/keys").status_code == 401
        assert call(client, "GET", "/keys", admin).status_code == 200


def test_no_secret_is_in_the_log(http: httpx.Client, served: Gateway, admin: KeyText) -> None:
    made = KeyText.read(create(http, admin)["key"])
    assert made is not None
    wait_until(lambda: '"action": "create_key"' in served.process.output)
    assert made.secret not in served.process.output
    assert admin.secret not in served.process.output
