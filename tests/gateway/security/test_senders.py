"""Who may send tasks, and whose they become."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from taskbeam.gateway.auth.identity import Identity
from taskbeam.gateway.auth.senders import Sender
from tests.support.results import names
from tests.support.tokens import TOKENS, bearer, sign

if TYPE_CHECKING:
    import httpx

    from tests.support.journal import Journals

SETTINGS = TOKENS | {"api_keys": '["an-api-key-of-the-tests", "another-key-of-the-tests"]'}
API_KEY = {"X-API-Key": "an-api-key-of-the-tests"}


def send(http: httpx.Client, headers: dict[str, str], **more: str) -> httpx.Response:
    """Of user 7's reports."""
    return http.post("/reports", json={"user_id": 7}, headers=headers | more)


def upload(http: httpx.Client, headers: dict[str, str], **more: str) -> httpx.Response:
    """A picture, which anybody may send."""
    return http.post("/images", content=b"picture", headers=headers | more)


def owner(journals: Journals, task_id: str) -> Any:
    return journals.redis.hget(names(task_id).head, "owner")


@pytest.mark.parametrize(
    ("headers", "named", "expected"),
    [
        (API_KEY, {}, None),
        (API_KEY, {"Taskbeam-Owner": "user-7"}, b"user-7"),
        ({"owner": "user-7"}, {}, b"user-7"),
        ({"sub": "user-7"}, {}, b"user-7"),
        ({"owner": "user-7"}, {"Taskbeam-Owner": "user-8"}, b"user-7"),
    ],
)
def test_whose_a_task_is(
    http: httpx.Client,
    journals: Journals,
    headers: dict[str, str],
    named: dict[str, str],
    expected: bytes | None,
) -> None:
    """By a key, or by a token with these claims."""
    by = headers if headers == API_KEY else bearer(sign(scope="send", **headers))
    answer = send(http, by, **named)
    assert answer.status_code == 202
    assert owner(journals, answer.json()["task_id"]) == expected


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-API-Key": ""},
        {"X-API-Key": "another"},
        {"X-API-Key": "an-api-key-of-the-tests "[:-2]},
        {"Authorization": "Bearer an-api-key-of-the-tests"},
        {"Authorization": "Basic YTpi"},
        {"Taskbeam-Owner": "user-7"},
    ],
)
def test_who_may_not(http: httpx.Client, headers: dict[str, str]) -> None:
    answer = send(http, headers)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"


def test_nor_may_a_token_that_only_follows(http: httpx.Client) -> None:
    assert send(http, bearer(sign(scope="read cancel", owner="user-7"))).status_code == 403


class TestTheAnswer:
    def test_has_a_token_for_the_task_and_for_no_other(self, http: httpx.Client, journals: Journals) -> None:
        answer = send(http, API_KEY, **{"Taskbeam-Owner": "user-7"})
        assert answer.headers["cache-control"] == "no-store"
        token, urls = answer.json()["token"], answer.json()["urls"]
        assert http.get(urls["self"], headers=bearer(token)).status_code == 200
        assert http.post(urls["cancel"], headers=bearer(token)).status_code == 202
        assert send(http, bearer(token)).status_code == 403
        other = journals.task(labels={"owner": "user-7"})
        assert http.get(f"/tasks/{other.id}", headers=bearer(token)).status_code == 404

    def test_to_a_repeated_request_has_a_fresh_one(self, http: httpx.Client) -> None:
        headers = bearer(sign(scope="send read", owner="user-7")) | {"Idempotency-Key": "fresh"}
        first, second = send(http, headers).json(), send(http, headers).json()
        assert first["task_id"] == second["task_id"]
        assert first["token"] != second["token"]
        assert http.get(first["urls"]["self"], headers=bearer(second["token"])).status_code == 200

    def test_to_another_owner_is_about_another_task(self, http: httpx.Client) -> None:
        """An Idempotency-Key is its owner's: a guessed one opens nothing."""
        answers = [
            upload(http, bearer(sign(scope="send", owner=name)), **{"Idempotency-Key": "shared"}).json()
            for name in ("user-7", "user-8")
        ]
        assert answers[0]["task_id"] != answers[1]["task_id"]

    def test_to_another_sender_of_nobodys_tasks_is_about_another_task(self, http: httpx.Client) -> None:
        """Without an owner a key is the token's, else the API key's."""
        first, second = (bearer(sign(scope="send read")) for _ in range(2))
        senders = [first, second, API_KEY, {"X-API-Key": "another-key-of-the-tests"}]
        answers = [upload(http, each, **{"Idempotency-Key": "nobody's"}).json() for each in senders]
        assert len({answer["task_id"] for answer in answers}) == len(senders)
        again = [upload(http, each, **{"Idempotency-Key": "nobody's"}).json() for each in senders]
        assert [each["task_id"] for each in again] == [each["task_id"] for each in answers]

    def test_an_owner_cannot_have_the_name_of_a_token(self, http: httpx.Client) -> None:
        by_token = bearer(sign(scope="send read", jti="a-token"))
        named = API_KEY | {"Taskbeam-Owner": "token:a-token"}
        answers = [upload(http, each, **{"Idempotency-Key": "named"}).json() for each in (by_token, named)]
        assert answers[0]["task_id"] != answers[1]["task_id"]


@pytest.mark.parametrize(
    ("sender", "named"),
    [
        (Sender("user-7", identity=Identity(owner="user-7")), ["user-7"]),
        (Sender(None, identity=Identity(token_id="a-token")), []),
        (Sender(None, key="key:shop", owners=("user-7", "shop-*")), ["user-7", "shop-1"]),
        (Sender("user-7", key="key:shop"), ["user-7", "user-77", "shop-1"]),
        (Sender(), ["user-7", "user-77", "shop-1"]),
    ],
)
def test_whom_a_sender_speaks_for(sender: Sender, named: list[str]) -> None:
    assert [name for name in ("user-7", "user-77", "shop-1") if sender.speaks_for(name)] == named


class TestAReport:
    @pytest.mark.parametrize(
        ("claims", "status"),
        [
            ({"owner": "user-7"}, 202),
            ({"sub": "user-7"}, 202),
            ({"owner": "user-7", "sub": "user-8"}, 202),
            ({"owner": "user-8"}, 403),
            ({"owner": "user-8", "sub": "user-7"}, 403),
            ({"owner": "user-07"}, 403),
            ({"owner": "7"}, 403),
            ({"owner": "ada"}, 403),
            ({}, 403),
        ],
    )
    def test_is_its_users_to_order(self, http: httpx.Client, claims: dict[str, Any], status: int) -> None:
        answer = send(http, bearer(sign(scope="send", **claims)), **{"Taskbeam-Owner": "user-7"})
        assert answer.status_code == status
        if status == 403:
            assert answer.json()["code"] == "forbidden"

    def test_is_anybodys_whom_an_api_key_names(self, http: httpx.Client) -> None:
        assert send(http, API_KEY, **{"Taskbeam-Owner": "user-8"}).status_code == 202
