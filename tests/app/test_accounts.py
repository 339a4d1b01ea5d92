"""Whoever signs in has tasks of their own; whoever does not sees nothing of them."""

from __future__ import annotations

from http.cookies import SimpleCookie
from typing import TYPE_CHECKING

import httpx
import pytest

from app.accounts.routes import PER_NAME
from app.accounts.sessions import COOKIE
from tests.support.event_stream import EventStream
from tests.support.gateway import gateway
from tests.support.raw_websocket import RawWebSocket
from tests.support.tokens import API_KEY, TOKENS, bearer, sign
from tests.support.waiting import wait_until

from .conftest import PASSWORD

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from stack.valkey import Valkey
    from tests.support.gateway import Gateway

    Visit = Callable[[str | None], httpx.Client]


#: What the page is told where nobody has signed in.
VISITOR: dict[str, object] = {
    "offered": True,
    "account": None,
    "tells": [],
    "kills": False,
    "dashboard": False,
}


def order(client: httpx.Client, user_id: int = 7) -> str:
    """The task of a report that is asked for."""
    answer = client.post("/reports", json={"user_id": user_id})
    assert answer.status_code == 202, answer.text
    return str(answer.json()["task_id"])


def listed(client: httpx.Client, feed: str = "owner:me") -> list[str]:
    return [task["task_id"] for task in client.get(f"/feeds/{feed}").json()["tasks"]]


class TestSigningIn:
    def test_the_cookie_is_for_no_script_and_no_other_site(self, visit: Visit) -> None:
        answer = visit(None).post("/account", json={"name": "cookie", "password": PASSWORD})
        assert (answer.status_code, answer.json()) == (201, {"offered": True, "account": "cookie"})
        assert answer.headers["cache-control"] == "no-store"
        cookie = SimpleCookie(answer.headers["set-cookie"])[COOKIE]
        assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "lax", "/")
        assert not cookie["secure"]  # it came by http

    def test_a_name_is_taken_once(self, visit: Visit) -> None:
        visit("taken")
        answer = visit(None).post("/account", json={"name": "taken", "password": "another one"})
        assert (answer.status_code, answer.json()["code"]) == (409, "name_taken")

    def test_a_wrong_password_and_an_unknown_name_are_told_apart_by_nothing(self, visit: Visit) -> None:
        client = visit("known")
        wrong = client.post("/session", json={"name": "known", "password": "wrong horse"})
        unknown = client.post("/session", json={"name": "unknown", "password": PASSWORD})
        assert wrong.status_code == 401
        assert wrong.content == unknown.content
        assert "set-cookie" not in wrong.headers
        assert PASSWORD not in wrong.text

    @pytest.mark.parametrize(
        "credentials",
        [
            {"name": "Ada Lovelace", "password": PASSWORD},
            {"name": "a/b", "password": PASSWORD},
            {"name": "x" * 41, "password": PASSWORD},
            {"name": "ada", "password": "short"},
            {"name": "ada", "password": "x" * 129},
        ],
    )
    def test_what_is_no_name_and_no_password(self, visit: Visit, credentials: dict[str, str]) -> None:
        answer = visit(None).post("/account", json=credentials)
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
        assert credentials["password"] not in answer.text

    @pytest.mark.parametrize("method", ["POST", "DELETE"])
    def test_a_page_of_another_site_signs_nobody_in_or_out(self, visit: Visit, method: str) -> None:
        client = visit("known")
        answer = client.request(
            method,
            "/session",
            json={"name": "known", "password": PASSWORD},
            headers={"Origin": "https://evil.example"},
        )
        assert (answer.status_code, answer.json()["code"]) == (403, "foreign_origin")
        assert client.get("/session").json() == {
            "offered": True,
            "account": "known",
            "tells": [],
            "kills": False,
            "dashboard": False,
        }

    def test_names_that_anybody_may_have_mean_us_are_not_answered(self, visit: Visit) -> None:
        """As ever, where the service is open: see `taskbeam.gateway.http.hosts`."""
        answer = visit(None).get("/session", headers={"Host": "evil.example"})
        assert (answer.status_code, answer.json()["code"]) == (421, "unknown_host")

    @pytest.mark.parametrize("cookie", ["", "x", "eyJhbGciOiJub25lIn0.eyJzdWIiOiJrbm93biJ9."])
    def test_a_cookie_that_is_none_is_nobodys(self, visit: Visit, cookie: str) -> None:
        client = visit(None)
        client.cookies.set(COOKIE, cookie)
        assert client.get("/session").json() == {
            "offered": True,
            "account": None,
            "tells": [],
            "kills": False,
            "dashboard": False,
        }
        assert client.get("/feeds/owner:me").status_code == 404


class TestWhatIsWhose:
    def test_ones_own_tasks_are_listed_and_followed(self, served: Gateway, visit: Visit) -> None:
        ada = visit("ada")
        task_id = order(ada)
        assert listed(ada)[0] == task_id
        assert ada.get(f"/tasks/{task_id}").json()["state"] == "PENDING"
        headers = {"Cookie": f"{COOKIE}={ada.cookies[COOKIE]}"}
        with EventStream(served, "owner:me", "?after=0-0", headers=headers, collection="feeds") as stream:
            while stream.event()["event"]["task_id"] != task_id:
                pass
        with RawWebSocket(served, f"/tasks/{task_id}/ws", headers=headers) as socket:
            assert socket.json()["task_id"] == task_id
        assert ada.post(f"/tasks/{task_id}/cancel").status_code == 202

    @pytest.mark.parametrize("stranger", ["bob", None])
    def test_nobody_else_sees_them(self, visit: Visit, stranger: str | None) -> None:
        ada, other = visit("ada"), visit(stranger)
        task_id, nobodys = order(ada), "0" * 32
        for path in ("/tasks/{}", "/tasks/{}/events?wait=0", "/tasks/{}/files/x", "/reports/{}"):
            seen, unknown = other.get(path.format(task_id)), other.get(path.format(nobodys))
            assert seen.status_code == 404
            assert seen.content == unknown.content
        assert other.post(f"/tasks/{task_id}/cancel").status_code == 404
        for feed in ("owner:account-ada", "owner:account-nobody"):
            assert other.get(f"/feeds/{feed}").json()["code"] == "unknown_feed"

    def test_what_nobody_in_particular_sent_is_everybodys(self, visit: Visit) -> None:
        """As it was before there were accounts."""
        visitor, ada = visit(None), visit("ada")
        task_id = order(visitor)
        assert ada.get(f"/tasks/{task_id}").status_code == 200
        assert task_id not in listed(ada)
        assert visitor.post(f"/tasks/{task_id}/cancel").status_code == 202

    def test_a_visitor_sends_nothing_in_another_name(self, visit: Visit) -> None:
        answer = visit(None).post("/reports", json={"user_id": 7}, headers={"Taskbeam-Owner": "account-eve"})
        assert answer.status_code == 202
        assert answer.json()["task_id"] not in listed(visit("eve"))


class TestTheDashboard:
    """It shows the tasks of all accounts: to operators, whom an open service does not know by itself."""

    def test_is_for_neither_visitors_nor_accounts(self, valkey: Valkey, tmp_path: Path) -> None:
        accounts = tmp_path / "accounts.db"
        with (
            gateway(valkey.url().removesuffix("/0"), dashboard=1, accounts_db=accounts) as served,
            httpx.Client(base_url=served.http, timeout=60) as client,
        ):
            for name in (None, "ada"):
                if name is not None:
                    client.post("/account", json={"name": name, "password": PASSWORD}).raise_for_status()
                task_id = order(client)
                for path in ("tasks", f"tasks/{task_id}", "failures"):
                    assert client.get(f"/dashboard/{path}").status_code == 403
                for what in ("cancel", "run-again"):
                    answer = client.post(f"/dashboard/{what}", json={"tasks": [task_id]})
                    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
                assert client.get("/tasks/taskbeam.dashboard").status_code == 404

    def test_is_for_everybody_on_a_developers_machine(self, valkey: Valkey, tmp_path: Path) -> None:
        """Where `make run` says so. An account's task is still at its own address for the account alone."""
        accounts = tmp_path / "accounts.db"
        with (
            gateway(
                valkey.url().removesuffix("/0"), dashboard=1, everybody_operates=1, accounts_db=accounts
            ) as served,
            httpx.Client(base_url=served.http, timeout=60) as ada,
            httpx.Client(base_url=served.http, timeout=60) as visitor,
        ):
            ada.post("/account", json={"name": "ada", "password": PASSWORD}).raise_for_status()
            task_id = order(ada)
            for client in (ada, visitor):
                wait_until(lambda: client.get(f"/dashboard/tasks/{task_id}").status_code == 200)  # noqa: B023
                assert client.get("/dashboard/tasks").status_code == 200
            assert ada.get(f"/tasks/{task_id}").status_code == 200
            assert visitor.get(f"/tasks/{task_id}").status_code == 404
            assert visitor.post("/reports/batches", json={"user_ids": [7, 8]}).status_code == 202


class TestSigningOut:
    def test_ends_the_session_everywhere_and_what_it_has_opened(self, served: Gateway, visit: Visit) -> None:
        client = visit("leaving")
        task_id = order(client)
        stolen = {"Cookie": f"{COOKIE}={client.cookies[COOKIE]}"}
        with (
            EventStream(served, task_id, headers=stolen) as stream,
            RawWebSocket(served, f"/tasks/{task_id}/ws", headers=stolen) as socket,
        ):
            assert stream.body() == socket.body()
            assert client.delete("/session").status_code == 204
            assert b"token_revoked" in stream.rest()
            assert socket.closed().reason == "token_revoked"
        assert COOKIE not in client.cookies
        assert client.get("/session").json() == {
            "offered": True,
            "account": None,
            "tells": [],
            "kills": False,
            "dashboard": False,
        }
        thief = visit(None)
        for answer in (
            thief.get(f"/tasks/{task_id}", headers=stolen),
            thief.post(f"/tasks/{task_id}/cancel", headers=stolen),
            thief.post("/reports", json={"user_id": 7}, headers=stolen),
        ):
            assert (answer.status_code, answer.json()["code"]) == (401, "token_revoked")
        assert visit("leaving").get(f"/tasks/{task_id}").status_code == 200

    def test_of_nobody_is_no_mistake(self, visit: Visit) -> None:
        assert visit(None).delete("/session").status_code == 204


def test_passwords_are_tried_so_often_a_minute(served: Gateway, visit: Visit) -> None:
    client = visit("guessed")
    wrong = {"name": "guessed", "password": "wrong horse"}
    answers = [client.post("/session", json=wrong) for _ in range(PER_NAME + 1)]
    assert [answer.status_code for answer in answers] == [401] * PER_NAME + [429]
    assert answers[-1].json()["code"] == "rate_limited"
    assert 1 <= int(answers[-1].headers["retry-after"]) <= 60
    right = client.post("/session", json=wrong | {"password": PASSWORD})
    assert right.status_code == 429
    assert "wrong horse" not in served.process.output


def test_where_tokens_are_asked_for_a_session_is_one_more_way(valkey: Valkey, tmp_path: Path) -> None:
    settings = TOKENS | {"accounts_db": tmp_path / "accounts.db"}
    with (
        gateway(valkey.url().removesuffix("/0"), **settings) as served,
        httpx.Client(base_url=served.http, timeout=60) as client,
    ):
        assert client.post("/reports", json={"user_id": 7}).status_code == 401
        assert client.get("/feeds/owner:me").status_code == 401
        by_token = bearer(sign(owner="user-7", scope="send read"))
        assert client.post("/reports", json={"user_id": 7}, headers=by_token).status_code == 202
        assert client.post("/reports", json={"user_id": 8}, headers=by_token).status_code == 403
        for users, status in (([7, 7], 202), ([7, 8], 403)):
            answer = client.post("/reports/batches", json={"user_ids": users}, headers=by_token)
            assert answer.status_code == status
        by_key = {"X-API-Key": API_KEY, "Taskbeam-Owner": "user-8"}
        assert client.post("/reports", json={"user_id": 8}, headers=by_key).status_code == 202
        client.post("/account", json={"name": "lin", "password": PASSWORD}).raise_for_status()
        answer = client.post("/reports", json={"user_id": 8})
        task_id, token = answer.json()["task_id"], answer.json()["token"]
        assert listed(client) == [task_id]
        with httpx.Client(base_url=served.http, timeout=60) as other:
            shared = bearer(token)
            assert other.get(f"/tasks/{task_id}", headers=shared).status_code == 200
            client.delete("/session").raise_for_status()
            wait_until(lambda: other.get(f"/tasks/{task_id}", headers=shared).status_code == 401)
