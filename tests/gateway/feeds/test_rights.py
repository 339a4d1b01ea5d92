"""What opens a feed and nothing else: a token that names it, a ticket, a cookie; and their end."""

from __future__ import annotations

import json
import time
from http.cookies import SimpleCookie
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import httpx
import pytest

from taskbeam.gateway.problems import TOKEN_REVOKED, UNKNOWN_FEED, UNKNOWN_TASK
from tests.gateway.security.revoking import end
from tests.support.event_stream import EventStream
from tests.support.tokens import TOKENS, bearer, sign

from .owner import Owner, transitions

if TYPE_CHECKING:
    from stack.valkey import Valkey
    from tests.support.gateway import Gateway

SETTINGS = TOKENS


def spelt(owner: Owner) -> str:
    return f"/feeds/{quote(owner.feed, safe=':')}"


def post(owner: Owner, path: str) -> httpx.Response:
    answer = httpx.post(f"{owner.served.http}{path}", headers=owner.headers, timeout=60)
    answer.raise_for_status()
    assert answer.headers["cache-control"] == "no-store"
    return answer


def stream(owner: Owner, query: str = "", headers: dict[str, str] | None = None) -> EventStream:
    name = quote(owner.feed, safe=":")
    return EventStream(owner.served, name, query, headers, collection="feeds")


class TestATokenThatNamesIt:
    def test_reads_the_feed_and_none_of_its_tasks(self, owner: Owner, http: httpx.Client) -> None:
        task = owner.task()
        owner.headers = bearer(sign(feeds=[owner.feed], sub="somebody else"))
        assert owner.list()["tasks"][0]["task_id"] == task.id
        answer = http.get(f"/tasks/{task.id}", headers=owner.headers)
        assert answer.json()["code"] == UNKNOWN_TASK.code
        assert owner.get(feed="owner:me").json()["code"] == UNKNOWN_FEED.code

    def test_has_it_as_mine_where_it_is_about_the_owner(self, owner: Owner) -> None:
        owner.headers = bearer(sign(feeds=[owner.feed], sub=owner.name))
        assert owner.get(feed="owner:me").json()["feed"] == owner.feed

    @pytest.mark.parametrize("feeds", ["owner:ada", [7], ["owner:a"] * 51, ["x"], ["owner:two\nlines"], {}])
    def test_in_another_form_is_none(self, owner: Owner, feeds: Any) -> None:
        owner.headers = bearer(sign(owner=owner.name, feeds=feeds))
        assert owner.get().status_code == 401

    def test_may_name_feeds_of_kinds_that_nobody_knows(self, owner: Owner) -> None:
        owner.headers = bearer(sign(owner=owner.name, feeds=["planet:mars"]))
        assert owner.get().status_code == 200


class TestATicket:
    def test_opens_one_stream(self, owner: Owner) -> None:
        task = owner.task()
        ticket = post(owner, f"{spelt(owner)}/tickets").json()
        assert ticket["expires_in"] > 0
        query = f"?ticket={ticket['ticket']}"
        with stream(owner, query) as opened:
            assert transitions([opened.event()]) == [(task.id, "PENDING")]
        with stream(owner, query) as again:
            assert again.status == 401

    def test_of_mine_opens_mine(self, owner: Owner, http: httpx.Client) -> None:
        ticket = post(owner, "/feeds/owner:me/tickets").json()["ticket"]
        assert http.get("/feeds/owner:me", params={"ticket": ticket}).json()["feed"] == owner.feed

    def test_is_good_for_no_task_and_no_other_feed(self, owner: Owner, http: httpx.Client) -> None:
        task = owner.task()
        owner.headers = bearer(sign(owner=owner.name, feeds=["owner:another"]))
        for path, problem in (
            (f"/tasks/{task.id}", UNKNOWN_TASK),
            ("/feeds/owner:another", UNKNOWN_FEED),
        ):
            ticket = post(owner, f"{spelt(owner)}/tickets").json()["ticket"]
            assert http.get(path, params={"ticket": ticket}).json()["code"] == problem.code

    def test_of_a_task_opens_no_feed(self, owner: Owner, http: httpx.Client) -> None:
        ticket = post(owner, f"/tasks/{owner.task().id}/tickets").json()["ticket"]
        answer = http.get(spelt(owner), params={"ticket": ticket})
        assert answer.json()["code"] == UNKNOWN_FEED.code

    def test_ends_with_the_token_that_it_came_of(self, owner: Owner, valkey: Valkey) -> None:
        owner.headers = bearer(sign(owner=owner.name, jti=f"whole {owner.name}"))
        owner.task()
        ticket = post(owner, f"{spelt(owner)}/tickets").json()["ticket"]
        with stream(owner, f"?ticket={ticket}") as opened:
            opened.event()
            end(valkey, tokens=[f"whole {owner.name}"])
            name, data, _ = opened.rest().split(b"\n")[:3]
        assert (name, json.loads(data[6:])["code"]) == (b"event: problem", TOKEN_REVOKED.code)


class TestTheCookie:
    @pytest.mark.parametrize("safe", [":", ""])
    def test_is_sent_to_the_feed_as_it_was_spelt(self, owner: Owner, safe: str) -> None:
        """A browser compares the path letter by letter (RFC 6265, 5.1.4)."""
        path = f"/feeds/{quote(owner.feed, safe=safe)}"
        (morsel,) = SimpleCookie(post(owner, f"{path}/cookie").headers["set-cookie"]).values()
        assert (morsel["path"], morsel["secure"], morsel["httponly"]) == (path, True, True)
        assert morsel["samesite"].lower() == "strict"

    def test_opens_streams_as_often_as_it_lasts(self, owner: Owner) -> None:
        task = owner.task()
        set_cookie = post(owner, "/feeds/owner:me/cookie").headers["set-cookie"]
        headers = {"Cookie": set_cookie.partition(";")[0]}
        for _ in range(2):
            with stream(owner, headers=headers) as opened:
                assert transitions([opened.event()]) == [(task.id, "PENDING")]

    def test_of_an_owner_with_a_strange_name_says_nothing_else(self, http: httpx.Client) -> None:
        name = "a;Domain=evil.example,b"
        answer = http.post(f"/feeds/owner:{name}/cookie", headers=bearer(sign(owner=name)))
        (morsel,) = SimpleCookie(answer.headers["set-cookie"]).values()
        assert (morsel["domain"], morsel["path"]) == ("", "/feeds/owner:a%3BDomain=evil.example,b")


class TestExpiry:
    def test_ends_a_stream_and_a_poll(self, served: Gateway, owner: Owner) -> None:
        """A token that a feed is named by ends it as any other, also while nothing happens."""
        owner.headers = bearer(sign(feeds=[owner.feed], exp=time.time() - 1))
        with stream(owner, headers=owner.headers) as opened:
            assert owner.get("/events", wait=20).status_code == 401
            assert b"event: problem\n" in opened.rest()
        assert served.process.output.count("Traceback") == 0
