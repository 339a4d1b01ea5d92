"""What opens a stream for a client that can set no header: a ticket, once; and a cookie."""

from __future__ import annotations

from http.cookies import SimpleCookie
from typing import TYPE_CHECKING, Any

import jwt
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from tests.support.event_stream import EventStream
from tests.support.results import control
from tests.support.tokens import TOKENS, bearer, sign
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    import httpx

    from tests.support.gateway import Gateway
    from tests.support.journal import Journals, Task

#: Seconds: a ticket outlives any moment in which this machine stands still.
LIFETIME = 60

SETTINGS = TOKENS | {"ticket_lifetime": LIFETIME}


def ticket(http: httpx.Client, task: Task, token: str) -> str:
    answer = http.post(f"/tasks/{task.id}/tickets", headers=bearer(token))
    assert (answer.status_code, answer.headers["cache-control"]) == (201, "no-store")
    assert answer.json()["expires_in"] == LIFETIME
    return str(answer.json()["ticket"])


def tickets(journals: Journals) -> set[bytes]:
    """The keys of all that can be redeemed."""
    return set(journals.redis.scan_iter(control().ticket("*")))


class TestATicket:
    def test_opens_one_event_stream(self, served: Gateway, http: httpx.Client, task: Task) -> None:
        query = f"?ticket={ticket(http, task, sign(tasks=[task.id]))}"
        with EventStream(served, task.id, query) as stream:
            assert stream.body() == task.bodies()[0]
        with EventStream(served, task.id, query) as again:
            assert again.status == 401

    def test_opens_one_socket(self, served: Gateway, http: httpx.Client, task: Task) -> None:
        url = f"{served.ws}/tasks/{task.id}/ws?ticket={ticket(http, task, sign(tasks=[task.id]))}"
        with connect(url) as socket:
            assert socket.recv() == task.bodies()[0].decode()
        with connect(url) as again, pytest.raises(ConnectionClosed) as closed:
            again.recv()
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 4401

    def test_is_good_for_its_task_and_for_reading_alone(
        self, http: httpx.Client, task: Task, journals: Journals
    ) -> None:
        other = journals.task(labels={"owner": "user-7"})
        token = sign(tasks=[task.id], owner="user-7")
        answer = http.get(f"/tasks/{other.id}", params={"ticket": ticket(http, task, token)})
        assert (answer.status_code, answer.json()["code"]) == (404, "unknown_task")
        answer = http.post(f"/tasks/{task.id}/cancel", params={"ticket": ticket(http, task, token)})
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")

    def test_runs_out(self, http: httpx.Client, task: Task, journals: Journals) -> None:
        before = tickets(journals)
        unused = ticket(http, task, sign(tasks=[task.id]))
        (name,) = tickets(journals) - before
        redis: Any = journals.redis
        assert 0 < redis.pttl(name) <= LIFETIME * 1000
        redis.pexpire(name, 1)
        wait_until(lambda: name not in tickets(journals))
        assert http.get(f"/tasks/{task.id}", params={"ticket": unused}).status_code == 401

    def test_is_not_readable_in_redis(self, http: httpx.Client, task: Task, journals: Journals) -> None:
        given = ticket(http, task, sign(tasks=[task.id]))
        assert not list(journals.redis.scan_iter(f"*{given}*"))

    def test_says_nothing_of_its_token_in_redis(
        self, http: httpx.Client, task: Task, journals: Journals
    ) -> None:
        before = tickets(journals)
        given = ticket(http, task, sign(tasks=[task.id], jti="planted-id", sub="planted-subject"))
        (name,) = tickets(journals) - before
        kept: Any = journals.redis.get(name)
        for word in (b"eyJ", b"planted", task.id.encode(), given.encode()):
            assert word not in kept
        assert http.get(f"/tasks/{task.id}", params={"ticket": given}).status_code == 200

    def test_whose_token_was_changed_in_redis_opens_nothing(
        self, http: httpx.Client, task: Task, journals: Journals
    ) -> None:
        before = tickets(journals)
        given = ticket(http, task, sign(tasks=[task.id]))
        (name,) = tickets(journals) - before
        journals.redis.set(name, sign(tasks=[task.id]), ex=LIFETIME)
        assert http.get(f"/tasks/{task.id}", params={"ticket": given}).status_code == 401

    def test_lives_no_longer_than_its_token(self, http: httpx.Client, task: Task) -> None:
        """What a ticket opens ends with the token that it was made from, revoked or expired."""
        token = sign(tasks=[task.id], jti="its", sub="somebody")
        cookie = http.post(f"/tasks/{task.id}/cookie", headers=bearer(token)).headers["set-cookie"]
        derived = jwt.decode(
            SimpleCookie(cookie)["__Secure-taskbeam"].value, options={"verify_signature": False}
        )
        whole = jwt.decode(token, options={"verify_signature": False})
        assert [derived[name] for name in ("jti", "sub", "iat", "exp")] == [
            whole[name] for name in ("jti", "sub", "iat", "exp")
        ]


class TestTheCookie:
    def test_is_shown_to_no_script_no_other_site_and_no_other_task(
        self, http: httpx.Client, task: Task
    ) -> None:
        answer = http.post(f"/tasks/{task.id}/cookie", headers=bearer(sign(tasks=[task.id])))
        assert (answer.status_code, answer.headers["cache-control"]) == (204, "no-store")
        morsel = SimpleCookie(answer.headers["set-cookie"])["__Secure-taskbeam"]
        assert morsel["path"] == f"/tasks/{task.id}"
        assert (morsel["secure"], morsel["httponly"]) == (True, True)
        assert morsel["samesite"].lower() == "strict"
        assert 0 < int(morsel["max-age"]) <= 300

    def test_opens_streams_as_often_as_it_lasts(
        self, served: Gateway, http: httpx.Client, task: Task
    ) -> None:
        answer = http.post(f"/tasks/{task.id}/cookie", headers=bearer(sign(tasks=[task.id])))
        headers = {"Cookie": answer.headers["set-cookie"].partition(";")[0]}
        for _ in range(2):
            with EventStream(served, task.id, headers=headers) as stream:
                assert stream.body() == task.bodies()[0]
        assert http.post(f"/tasks/{task.id}/cancel", headers=headers).status_code == 403

    def test_by_the_name_that_any_origin_may_plant_is_none(self, http: httpx.Client, task: Task) -> None:
        headers = {"Cookie": f"taskbeam={sign(tasks=[task.id])}"}
        assert http.get(f"/tasks/{task.id}", headers=headers).status_code == 401

    def test_of_a_task_with_a_strange_name_says_nothing_else(
        self, http: httpx.Client, journals: Journals
    ) -> None:
        task = journals.task(task_id="a;Domain=evil.example,b")
        answer = http.post(
            "/tasks/a%3BDomain%3Devil.example%2Cb/cookie", headers=bearer(sign(tasks=[task.id]))
        )
        assert answer.status_code == 204
        assert "domain" not in [
            part.split("=")[0].strip().lower() for part in answer.headers["set-cookie"].split(";")
        ]
