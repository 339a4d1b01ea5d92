"""Who may send tasks, and whose they become."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from taskbeam.journal.keys import task_keys
from tests.support.tokens import TOKENS, bearer, sign

if TYPE_CHECKING:
    import httpx

    from tests.support.journal import Journals

SETTINGS = TOKENS
API_KEY = {"X-API-Key": "an-api-key"}


def send(http: httpx.Client, headers: dict[str, str], **more: str) -> httpx.Response:
    return http.post("/reports", json={"user_id": 123}, headers=headers | more)


def owner(journals: Journals, task_id: str) -> Any:
    return journals.redis.hget(task_keys(task_id).head, "owner")


@pytest.mark.parametrize(
    ("headers", "named", "expected"),
    [
        (API_KEY, {}, None),
        (API_KEY, {"Taskbeam-Owner": "user-7"}, b"user-7"),
        (bearer(sign(scope="send", owner="user-7")), {}, b"user-7"),
        (bearer(sign(scope="send", sub="user-7")), {}, b"user-7"),
        (bearer(sign(scope="send", owner="user-7")), {"Taskbeam-Owner": "user-8"}, b"user-7"),
    ],
)
def test_whose_a_task_is(
    http: httpx.Client,
    journals: Journals,
    headers: dict[str, str],
    named: dict[str, str],
    expected: bytes | None,
) -> None:
    answer = send(http, headers, **named)
    assert answer.status_code == 202
    assert owner(journals, answer.json()["task_id"]) == expected


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        ({"X-API-Key": ""}, 401),
        ({"X-API-Key": "another"}, 401),
        ({"X-API-Key": "an-api-key "[:-2]}, 401),
        ({"Authorization": "Bearer an-api-key"}, 401),
        ({"Authorization": "Basic YTpi"}, 401),
        ({"Taskbeam-Owner": "user-7"}, 401),
        (bearer(sign(scope="read cancel", owner="user-7")), 403),
    ],
)
def test_who_may_not(http: httpx.Client, headers: dict[str, str], status: int) -> None:
    answer = send(http, headers)
    assert answer.status_code == status
    if status == 401:
        assert answer.headers["www-authenticate"] == "Bearer"


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
        headers = bearer(sign(scope="send", owner="user-7")) | {"Idempotency-Key": "fresh"}
        first, second = send(http, headers).json(), send(http, headers).json()
        assert first["task_id"] == second["task_id"]
        assert first["token"] != second["token"]
        assert http.get(first["urls"]["self"], headers=bearer(second["token"])).status_code == 200

    def test_to_another_owner_is_about_another_task(self, http: httpx.Client) -> None:
        """An Idempotency-Key is its owner's: a guessed one opens nothing."""
        answers = [
            send(http, bearer(sign(scope="send", owner=name)), **{"Idempotency-Key": "shared"}).json()
            for name in ("user-7", "user-8")
        ]
        assert answers[0]["task_id"] != answers[1]["task_id"]
