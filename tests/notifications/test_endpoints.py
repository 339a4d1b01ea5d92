"""Webhooks that owners make over HTTP, of a gateway that is served."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
import pytest
from standardwebhooks import Webhook

from taskbeam.notifications.webhooks import MOST_OF_OWNER
from tests.support.receiver import receiving, said
from tests.support.results import control
from tests.support.tokens import bearer, sign

from .asking import asking
from .stage import due_now, headers, run, until

if TYPE_CHECKING:
    import redis

    from tests.support.gateway import Gateway
    from tests.support.journal import Journals

OK = said("HTTP/1.1 204 No Content\n\n")


def create(client: httpx.Client, url: str, **wanted: Any) -> dict[str, Any]:
    answer = client.post("/webhooks", json={"url": url} | wanted)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def test_an_owners_webhook_is_told_of_the_owners_tasks_alone(
    served: Gateway, store: redis.Redis, journals: Journals
) -> None:
    async def test() -> None:
        async with receiving(OK) as receiver:
            with asking(served, owner="ada") as ada:
                made = create(
                    ada, f"http://127.0.0.1:{receiver.port}/x", states=["SUCCESS"], names=["tests.*"]
                )
                listed = ada.get("/webhooks").json()["webhooks"]
                assert listed == [{name: made[name] for name in made if name != "secret"}]
                journals.task(labels={"owner": "bob"}).finish()
                assert not store.exists(control().notify_due)
                task = journals.task(labels={"owner": "ada"})
                task.finish()
                due_now(store)
                await until(lambda: receiver.requests and not store.exists(control().notify_due))
                [request] = receiver.requests
                told = Webhook(made["secret"]).verify(request[1], headers(request))
                assert told["data"]["task_id"] == task.id
                [row] = ada.get(f"/webhooks/{made['webhook']}/deliveries").json()["deliveries"]
                assert row["message"] == headers(request)["webhook-id"]
                assert (row["task_id"], row["taken"], row["answer"]) == (task.id, True, "HTTP 204")
                again = f"/webhooks/{made['webhook']}/deliveries/{row['message']}/replay"
                assert ada.post(again).status_code == 204
                await until(lambda: len(receiver.requests) == 2 and not store.exists(control().notify_due))
                assert headers(receiver.requests[1])["webhook-id"] == row["message"]
                task.lose()
                assert ada.post(again).status_code == 404
                assert ada.delete(f"/webhooks/{made['webhook']}").status_code == 204
                assert ada.get("/webhooks").json() == {"webhooks": []}
                assert not store.exists(control().notify_asked, control().notify_deliveries(made["webhook"]))

    run(test())


def test_a_trial_is_signed_with_both_secrets_of_a_rotation(served: Gateway, store: redis.Redis) -> None:
    assert not store.exists(control().notify_targets)

    async def test() -> None:
        async with receiving(OK) as receiver:
            with asking(served, owner="ada") as ada:
                made = create(ada, f"http://127.0.0.1:{receiver.port}/x")
                path, secrets = f"/webhooks/{made['webhook']}", [made["secret"]]
                secrets += [ada.post(f"{path}/rotate").json()["secret"] for _ in range(2)]
                assert "secret" not in ada.get("/webhooks").text
                # The gateway asks this process, so it is asked from a thread.
                async with httpx.AsyncClient(base_url=ada.base_url, headers=ada.headers, timeout=60) as http:
                    assert (await http.post(f"{path}/test")).json() == {"taken": True, "answer": "HTTP 204"}
                [request] = receiver.requests
                for secret in secrets[1:]:
                    assert Webhook(secret).verify(request[1], headers(request))["type"] == "webhook.test"
                with pytest.raises(Exception, match="No matching signature"):
                    Webhook(secrets[0]).verify(request[1], headers(request))

    run(test())


def test_one_that_was_disabled_is_enabled_again(
    served: Gateway, store: redis.Redis, journals: Journals
) -> None:
    async def test() -> None:
        async with receiving(said("HTTP/1.1 410 Gone\ncontent-length: 0\n\n")) as receiver:
            with asking(served, owner="ada") as ada:
                made = create(ada, f"http://127.0.0.1:{receiver.port}/x")
                journals.task(labels={"owner": "ada"}).finish()
                due_now(store)
                await until(lambda: receiver.requests and not store.exists(control().notify_due))
                [row] = ada.get("/webhooks").json()["webhooks"]
                assert (row["disabled"], row["error"]) == ("HTTP 410", "HTTP 410")
                enabled = ada.post(f"/webhooks/{made['webhook']}/enable").json()
                assert "disabled" not in enabled
                journals.task(labels={"owner": "ada"}).finish()
                assert store.exists(control().notify_due)

    run(test())


@pytest.mark.parametrize("path", ["DELETE ", "POST /rotate", "POST /enable", "POST /test", "GET /deliveries"])
def test_another_owners_is_not_there(served: Gateway, store: redis.Redis, path: str) -> None:
    assert not store.exists(control().notify_targets)
    method, _, action = path.partition(" ")
    with asking(served, owner="ada") as ada, asking(served, owner="bob") as bob:
        made = create(ada, "https://shop.example/hook")
        answers = [
            bob.request(method, f"/webhooks/{name}{action}") for name in (made["webhook"], "webhook_none")
        ]
        assert [answer.json()["code"] for answer in answers] == ["not_found"] * 2
        assert bob.get("/webhooks").json() == {"webhooks": []}
        assert len(ada.get("/webhooks").json()["webhooks"]) == 1


def test_who_only_reads_an_owners_feed_changes_nothing_of_the_owners(
    served: Gateway, store: redis.Redis
) -> None:
    """A ticket, a cookie, and a token that names the feed: each is about Ada, and none is hers."""
    feed = "/feeds/owner:me"
    silence = {"preferences": [{"channel": "*", "tasks": "*", "tell": "none"}]}
    with (
        asking(served, owner="ada", scope="read") as ada,
        httpx.Client(base_url=served.http, timeout=60) as anybody,
    ):
        made = create(ada, "https://shop.example/hook")
        before = store.hgetall(control().notify_targets)
        cookie = {"Cookie": ada.post(f"{feed}/cookie").headers["set-cookie"].partition(";")[0]}
        named = bearer(sign(sub="ada", scope="read", feeds=["owner:ada"]))
        for method, path, body in (
            ("GET", "/webhooks", None),
            ("POST", "/webhooks", {"url": "https://elsewhere.example/"}),
            ("POST", f"/webhooks/{made['webhook']}/rotate", None),
            ("PUT", "/notifications/preferences", silence),
        ):
            ticket = {"ticket": ada.post(f"{feed}/tickets").json()["ticket"]}
            codes = [
                anybody.request(method, path, json=body, **by).json()["code"]
                for by in ({"params": ticket}, {"headers": cookie}, {"headers": named})
            ]
            assert codes == ["forbidden", "forbidden", "unknown_feed"]
        assert anybody.get(feed, headers=named).status_code == 200
        assert store.hgetall(control().notify_targets) == before
        assert ada.get("/notifications/preferences").json()["preferences"] == []


@pytest.mark.parametrize(
    "url",
    [
        "http://10.0.0.1/",
        "https://[::1]/",
        "https://169.254.169.254/",
        "https://2130706433/",
        "ftp://a.example/",
    ],
)
def test_what_requests_do_not_go_to_is_refused(served: Gateway, store: redis.Redis, url: str) -> None:
    assert not store.exists(control().notify_targets)
    with asking(served, owner="ada") as ada:
        answer = ada.post("/webhooks", json={"url": url})
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")


def test_an_owner_has_a_bounded_number(served: Gateway, store: redis.Redis) -> None:
    assert not store.exists(control().notify_targets)
    with asking(served, owner="ada") as ada, asking(served, owner="bob") as bob:
        for number in range(MOST_OF_OWNER):
            create(ada, f"https://shop.example/{number}")
        assert ada.post("/webhooks", json={"url": "https://shop.example/x"}).json()["code"] == "too_many"
        create(bob, "https://shop.example/")
