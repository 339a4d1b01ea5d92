"""A batch of reports is one group, whose feed its account reads and nobody else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from app.accounts.ownership import VISITOR, may_read_feed, may_read_own_feed
from taskbeam.gateway import FOLLOW, FeedName, Identity
from tests.support.waiting import wait_until
from tests.worker.running import settings_for, worker

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import httpx

    from stack.valkey import Valkey

ADA = Identity(owner="account-ada", scopes=FOLLOW)
BOB = Identity(owner="account-bob", scopes=FOLLOW)
USER = Identity(owner="user-7", scopes=FOLLOW)
NAMED = Identity(scopes=FOLLOW, feeds=("group:x",))


class TestWhoReadsAFeed:
    @pytest.mark.parametrize(
        ("feed", "readers"),
        [
            ("owner:account-ada", [ADA]),
            ("group:account-ada~1", [ADA]),
            ("owner:user-7", [ADA, BOB, USER, NAMED, VISITOR]),
            ("group:~1", [ADA, BOB, USER, NAMED, VISITOR]),
            ("group:x", [ADA, BOB, USER, NAMED, VISITOR]),
            ("tag:billing", [ADA, BOB, USER, NAMED, VISITOR]),
            ("tree:1", []),
        ],
    )
    def test_where_everybody_may_do_something(self, feed: str, readers: list[Identity]) -> None:
        asked = [ADA, BOB, USER, NAMED, VISITOR]
        assert [who for who in asked if may_read_feed(who, FeedName.parse(feed))] == readers

    @pytest.mark.parametrize(
        ("feed", "readers"),
        [
            ("owner:account-ada", [ADA]),
            ("group:account-ada~1", [ADA]),
            ("owner:user-7", [USER]),
            ("group:user-7~1", [USER]),
            ("group:~1", []),
            ("group:x", [NAMED]),
            ("tag:account-ada", []),
            ("tree:account-ada~1", []),
        ],
    )
    def test_where_tokens_are_asked_for(self, feed: str, readers: list[Identity]) -> None:
        assert [
            who for who in (ADA, BOB, USER, NAMED) if may_read_own_feed(who, FeedName.parse(feed))
        ] == readers
        assert not may_read_own_feed(Identity(owner="account-ada"), FeedName.parse(feed))


def test_it_is_one_feed_with_an_end(
    visit: Callable[[str | None], httpx.Client], valkey: Valkey, tmp_path: Path
) -> None:
    ada, visitor = visit("ada"), visit(None)
    sent = ada.post("/reports/batches", json={"user_ids": [1, 2, 999]}).json()["task_id"]
    with worker(settings_for(valkey, tmp_path)):
        wait_until(lambda: ada.get(f"/tasks/{sent}").json()["final"])
        group = ada.get(f"/tasks/{sent}").json()["result"]["group"]

        def rollup() -> dict[str, Any]:
            found: dict[str, Any] = ada.get(f"/feeds/group:{group}").json()["rollup"]
            return found

        wait_until(lambda: rollup().get("final") is True)
    assert rollup() | {"done": {"SUCCESS": 2, "FAILURE": 1}, "size": 3, "permille": 1000} == rollup()
    members = ada.get(f"/feeds/group:{group}").json()["tasks"]
    assert sorted(task["state"] for task in members) == ["FAILURE", "SUCCESS", "SUCCESS"]
    assert {task["task_id"] for task in members} < {
        task["task_id"] for task in ada.get("/feeds/owner:me").json()["tasks"]
    }
    seen, unknown = visitor.get(f"/feeds/group:{group}"), visitor.get("/feeds/group:account-eve~1")
    assert (seen.status_code, seen.content) == (404, unknown.content)


def test_it_has_a_hundred_reports_at_the_most(visit: Callable[[str | None], httpx.Client]) -> None:
    visitor = visit(None)
    assert visitor.post("/reports/batches", json={"user_ids": []}).status_code == 422
    assert visitor.post("/reports/batches", json={"user_ids": [1] * 101}).status_code == 422
    assert visitor.post("/reports/batches", json={"user_ids": [1]}).status_code == 202
