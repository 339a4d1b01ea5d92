"""People's devices, told by a gateway that is served, through a push service that reads what it is sent."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, cast

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from taskbeam.gateway.push.devices import MOST_OF_OWNER, Devices
from taskbeam.notifications.asked import MOST_OF_TASK
from taskbeam.push.base64url import decoded
from taskbeam.push.presentation import Presentation
from taskbeam.push.subscription import CURVE
from taskbeam.push.vapid import Vapid, new_vapid_key
from tests.push.browser import Browser
from tests.support.gateway import gateway
from tests.support.receiver import receiving, said
from tests.support.results import control, names
from tests.support.tokens import TOKENS

from .asking import asking
from .conftest import DB
from .stage import due_now, headers, run, staged, until

if TYPE_CHECKING:
    from collections.abc import Iterator

    import redis

    from stack.valkey import Valkey
    from tests.support.gateway import Gateway
    from tests.support.journal import Journals
    from tests.support.receiver import Receiver

KEY, CONTACT = new_vapid_key(), "mailto:ops@example.org"
PRESENTATION = {"page": "https://shop.example/jobs/{task_id}", "words": {"SUCCESS": "Fertig"}, "lang": "de"}


@pytest.fixture(scope="module")
def served(valkey: Valkey) -> Iterator[Gateway]:
    """One that pushes, also to this machine."""
    settings = TOKENS | {"vapid_key": KEY, "vapid_contact": CONTACT, "webhook_networks": '["127.0.0.0/8"]'}
    with gateway(valkey.url().removesuffix("/0"), **settings) as running:
        yield running


def device(browser: Browser) -> dict[str, Any]:
    return {"subscription": browser.json, "presentation": PRESENTATION}


def at(receiver: Receiver, path: str = "/send/1") -> Browser:
    return Browser(f"http://127.0.0.1:{receiver.port}{path}")


def members(store: redis.Redis) -> list[str]:
    """What is due."""
    return cast("list[str]", store.zrange(control().notify_due, 0, -1))


def verified(request: tuple[str, bytes], receiver: Receiver) -> dict[str, str]:
    """The headers, of a request that is signed for this push service."""
    given = headers(request)
    scheme, _, parameters = given["authorization"].partition(" ")
    signed = dict(part.strip().split("=", 1) for part in parameters.split(","))
    assert (scheme, signed["k"]) == ("vapid", Vapid(KEY, CONTACT).public_key)
    public = ec.EllipticCurvePublicKey.from_encoded_point(CURVE, decoded(signed["k"]))
    audience = f"http://127.0.0.1:{receiver.port}"
    assert jwt.decode(signed["t"], public, algorithms=["ES256"], audience=audience)["sub"] == CONTACT
    return given


def test_whoever_asked_about_a_task_is_told(served: Gateway, store: redis.Redis, journals: Journals) -> None:
    async def test() -> None:
        async with receiving(said("HTTP/1.1 201 Created\ncontent-length: 0\n\n")) as receiver:
            browser, task = at(receiver), journals.task(labels={"title": "July"})
            with asking(served, tasks=[task.id]) as client:
                subscribed = client.get("/push/key").json()["key"]
                answer = client.put(f"/tasks/{task.id}/push", json=device(browser))
            assert (answer.status_code, subscribed) == (200, Vapid(KEY, CONTACT).public_key)
            task.finish()
            due_now(store)
            await until(lambda: receiver.requests and not store.exists(control().notify_due))
            request = receiver.requests[0]
            given = verified(request, receiver)
            assert given["content-encoding"] == "aes128gcm"
            assert (given["ttl"], given["urgency"], len(given["topic"])) == ("86400", "normal", 32)
            told = json.loads(browser.read(request[1]))["notification"]
            assert (told["title"], told["body"], told["lang"]) == ("July", "Fertig", "de")
            assert told["navigate"] == f"https://shop.example/jobs/{task.id}"

    run(test())


def test_whoever_asks_after_the_end_is_told_at_once(
    served: Gateway, store: redis.Redis, journals: Journals
) -> None:
    async def test() -> None:
        async with receiving(said("HTTP/1.1 201 Created\ncontent-length: 0\n\n")) as receiver:
            browser, task = at(receiver), journals.task()
            task.finish()
            with asking(served, tasks=[task.id]) as client:
                for _ in range(2):
                    assert client.put(f"/tasks/{task.id}/push", json=device(browser)).status_code == 200
            await until(lambda: receiver.requests and not store.exists(control().notify_due))
            assert len(receiver.requests) == 1

    run(test())


def test_an_owner_is_told_of_all_tasks_and_of_nobody_else_s(
    served: Gateway, store: redis.Redis, journals: Journals
) -> None:
    async def test() -> None:
        async with receiving(said("HTTP/1.1 201 Created\ncontent-length: 0\n\n")) as receiver:
            browser = at(receiver)
            with asking(served, owner="ada") as client:
                assert client.put("/push", json=device(browser)).status_code == 200
            others = [journals.task(labels={"owner": owner}) for owner in ("bob", "ada")]
            for task in others:
                task.finish()
            due_now(store)
            await until(lambda: receiver.requests and not store.exists(control().notify_due))
            told = {
                json.loads(browser.read(body))["notification"]["navigate"] for _, body in receiver.requests
            }
            assert told == {f"https://shop.example/jobs/{others[1].id}"}
            with asking(served, owner="ada") as client:
                [row] = client.get("/push").json()["devices"]
            assert (row["every"], row["service"]) == (True, f"127.0.0.1:{receiver.port}")
            assert row["sent"]
            assert browser.subscription.endpoint not in str(row)

    run(test())


@pytest.mark.parametrize(
    ("answer", "kept", "due"),
    [
        ("202 Accepted", True, False),
        ("404 Not Found", False, False),
        ("410 Gone", False, False),
        ("400 Bad Request", True, False),
        ("413 Payload Too Large", True, False),
        ("401 Unauthorized", True, True),
        ("403 Forbidden", True, True),
        ("307 Temporary Redirect\nlocation: /other", True, True),
    ],
)
def test_what_becomes_of_a_device_and_of_the_message(
    served: Gateway, store: redis.Redis, journals: Journals, answer: str, kept: bool, due: bool
) -> None:
    async def test() -> None:
        async with receiving(said(f"HTTP/1.1 {answer}\ncontent-length: 0\n\n")) as receiver:
            task = journals.task()
            with asking(served, tasks=[task.id]) as client:
                client.put(f"/tasks/{task.id}/push", json=device(at(receiver)))
            task.finish()
            due_now(store)
            await until(
                lambda: (
                    receiver.requests
                    and (store.exists(control().notify_tries) or not store.exists(control().notify_due))
                )
            )
            waiting = members(store)
            assert len(waiting) == due
            # What comes again may have come already.
            assert all(int(store.hget(control().notify_tries, one) or 0) >= 1 for one in waiting)
            kept_of_it = (control().notify_targets, control().notify_slots)
            assert [bool(store.hlen(name)) for name in kept_of_it] == [kept] * 2
            assert {request[0].split()[1] for request in receiver.requests} == {"/send/1"}

    run(test())


def test_who_has_seen_the_end_is_not_told(served: Gateway, store: redis.Redis, journals: Journals) -> None:
    browser, task = Browser("https://127.0.0.1:9/x"), journals.task()
    with asking(served, tasks=[task.id]) as client:
        name = client.put(f"/tasks/{task.id}/push", json=device(browser)).json()["device"]
        task.finish()
        assert store.exists(control().notify_due)
        assert client.delete(f"/tasks/{task.id}/push/{name}").status_code == 204
    assert not store.hget(task.keys.head, "notify")
    assert not [member for member in members(store) if member.startswith("to ")]


def test_a_shared_browser_is_its_latest_owner_s(
    served: Gateway, store: redis.Redis, journals: Journals
) -> None:
    browser, task = Browser("https://127.0.0.1:9/x"), journals.task(labels={"owner": "ada"})
    with asking(served, owner="ada") as ada, asking(served, owner="bob") as bob:
        first = ada.put(f"/tasks/{task.id}/push", json=device(browser)).json()["device"]
        assert ada.put("/push", json=device(browser)).json()["device"] == first
        second = bob.put("/push", json=device(browser)).json()["device"]
        assert [row["device"] for row in bob.get("/push").json()["devices"]] == [second]
        assert ada.get("/push").json()["devices"] == []
    assert store.hkeys(control().notify_targets) == [second]
    assert store.hgetall(control().notify_asked) == {"owner:bob": "1"}
    assert first != second


def test_an_owner_has_some_devices(served: Gateway, store: redis.Redis) -> None:
    assert store.hlen(control().notify_targets) == 0
    with asking(served, owner="ada") as client:
        made = [
            client.put("/push", json=device(Browser(f"https://127.0.0.1:9/{number}"))).json()["device"]
            for number in range(MOST_OF_OWNER + 1)
        ]
        assert [row["device"] for row in client.get("/push").json()["devices"]] == made[1:]
    assert store.hget(control().notify_asked, "owner:ada") == str(MOST_OF_OWNER)


@pytest.mark.usefixtures("store")
def test_a_device_has_a_name_and_keeps_since_when_it_is_told(served: Gateway) -> None:
    browser = Browser("https://127.0.0.1:9/x")
    firefox = {"user-agent": "Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0"}
    with asking(served, owner="ada") as client:
        client.put("/push", json=device(browser), headers=firefox)
        [first] = client.get("/push").json()["devices"]
        assert (first["browser"], first["created"]) == ("Firefox on Linux", first["heard"])
        client.put("/push", json=device(browser))
        [again] = client.get("/push").json()["devices"]
    assert (again["browser"], again["created"]) == ("Unknown browser", first["created"])
    assert again["heard"] > first["heard"]


def test_a_device_that_an_earlier_version_kept_is_listed(served: Gateway, store: redis.Redis) -> None:
    with asking(served, owner="ada") as client:
        name = client.put("/push", json=device(Browser("https://127.0.0.1:9/x"))).json()["device"]
        kept = json.loads(cast("str", store.hget(control().notify_targets, name)))
        del kept["heard"], kept["browser"]
        store.hset(control().notify_targets, name, json.dumps(kept))
        [row] = client.get("/push").json()["devices"]
    assert (row["browser"], row["heard"]) == ("Unknown browser", kept["created"])


@pytest.mark.usefixtures("store")
def test_the_device_that_was_heard_of_longest_ago_gives_way(served: Gateway) -> None:
    with asking(served, owner="ada") as client:
        first, *others = [
            client.put("/push", json=device(Browser(f"https://127.0.0.1:9/{number}"))).json()["device"]
            for number in (0, *range(1, MOST_OF_OWNER), 0, MOST_OF_OWNER)
        ]
        kept = [row["device"] for row in client.get("/push").json()["devices"]]
    assert others[0] not in kept
    assert kept[-2:] == [first, others[-1]]


def test_all_of_an_owner_are_forgotten_with_the_account(valkey: Valkey, store: redis.Redis) -> None:
    async def test() -> None:
        async with staged(valkey.url(DB), works=False) as stage:
            devices = Devices(stage.targets, stage.asked, names, ())
            for number, owner in enumerate(("ada", "ada", "bob")):
                subscription = Browser(f"https://push.example/{number}").subscription
                presentation = Presentation(page="https://shop.example/")
                await devices.keep(subscription, presentation, owner, "Firefox on Linux", every=True)
            await devices.forget_all("ada")
            assert await devices.of_owner("ada") == []
            assert len(await devices.of_owner("bob")) == 1
            assert store.hgetall(control().notify_asked) == {"owner:bob": "1"}

    run(test())


def test_nobody_else_lists_or_forgets_a_device(
    served: Gateway, store: redis.Redis, journals: Journals
) -> None:
    task = journals.task(labels={"owner": "ada"})
    with asking(served, owner="ada") as ada, asking(served, owner="bob") as bob:
        name = ada.put("/push", json=device(Browser("https://127.0.0.1:9/x"))).json()["device"]
        assert bob.get("/push").json()["devices"] == []
        assert bob.delete(f"/push/{name}").json()["code"] == "not_found"
        assert bob.delete(f"/tasks/{task.id}/push/{name}").json()["code"] == "unknown_task"
        assert bob.put(f"/tasks/{task.id}/push", json=device(Browser())).json()["code"] == "unknown_task"
        assert store.hlen(control().notify_targets) == 1
        assert ada.delete(f"/push/{name}").status_code == 204
    with asking(served, tasks=[task.id], sub="ada") as holder:
        # A token for one task is no token for all of its owner's.
        assert holder.get("/push").json()["code"] == "unknown_feed"
        assert holder.put("/push", json=device(Browser())).json()["code"] == "unknown_feed"
    assert store.hlen(control().notify_targets) == 0


def test_a_shared_token_s_bearer_is_not_whom_it_came_of(
    served: Gateway, store: redis.Redis, journals: Journals
) -> None:
    """As `sharing.py` of docs/mounting.md makes one: `sub` says who shared it."""
    task = journals.task(labels={"owner": "ada"})
    path = f"/tasks/{task.id}/push"
    shared: dict[str, Any] = {"tasks": [task.id], "sub": "ada", "scope": "read"}
    with asking(served, owner="ada") as ada, asking(served, **shared) as stranger:
        own = ada.put("/push", json=device(Browser("https://127.0.0.1:9/own"))).json()["device"]
        other = stranger.put(path, json=device(Browser("https://127.0.0.1:9/other"))).json()["device"]
        assert [row["device"] for row in ada.get("/push").json()["devices"]] == [own]
        assert stranger.delete(f"/push/{own}").json()["code"] == "not_found"
        assert stranger.delete(f"/push/{other}").status_code == 204
        ticket = stranger.post(f"/tasks/{task.id}/tickets").json()["ticket"]
    # A ticket reads once, and is told of nothing later.
    with httpx.Client(base_url=served.http, timeout=60) as anybody:
        answer = anybody.put(path, params={"ticket": ticket}, json=device(Browser()))
        assert answer.json()["code"] == "forbidden"
    assert store.hkeys(control().notify_targets) == [own]


def test_a_device_that_is_told_of_nothing_is_not_kept(
    served: Gateway, store: redis.Redis, journals: Journals
) -> None:
    task = journals.task()
    with asking(served, tasks=[task.id]) as client:
        answers = [
            client.put(f"/tasks/{task.id}/push", json=device(Browser(f"https://127.0.0.1:9/{number}")))
            for number in range(MOST_OF_TASK + 1)
        ]
    assert [answer.status_code for answer in answers] == [200] * MOST_OF_TASK + [429]
    assert store.hlen(control().notify_targets) == MOST_OF_TASK


@pytest.mark.parametrize(
    "endpoint",
    [
        "https://10.0.0.1/x",
        "https://[::1]/x",
        "https://169.254.169.254/latest",
        "https://2130706433/x",
        "https://user@push.example/x",
        "file:///etc/passwd",
        "push.example",
    ],
)
def test_endpoints_that_no_push_service_has(served: Gateway, store: redis.Redis, endpoint: str) -> None:
    with asking(served, owner="ada") as client:
        answer = client.put("/push", json=device(Browser(endpoint)))
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
    assert store.hlen(control().notify_targets) == 0
