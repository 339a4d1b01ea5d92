"""The webhooks of a deployment's settings, told by a gateway that is served."""

from __future__ import annotations

import json
import sys
from collections import Counter
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from pydantic import ValidationError
from standardwebhooks import Webhook

from stack.process import ManagedProcess
from taskbeam.follow.connections import exchange_with
from taskbeam.gateway.notifications import Notifications
from taskbeam.notifications.configured import Webhook as Configured
from taskbeam.notifications.configured import keep_configured
from taskbeam.notifications.webhook import new_secret
from tests.support.gateway import ROOT, gateway
from tests.support.receiver import receiving, said
from tests.support.results import connected_to, control, names, results_at
from tests.support.tokens import TOKENS, bearer, sign

from .conftest import DB
from .stage import due_now, headers, run, staged, until

if TYPE_CHECKING:
    import redis

    from stack.valkey import Valkey
    from tests.support.journal import Journals

SECRET = new_secret()


def test_a_gateway_tells_the_services_of_its_settings(
    valkey: Valkey, store: redis.Redis, journals: Journals
) -> None:
    async def test() -> None:
        async with receiving(said("HTTP/1.1 204 No Content\n\n")) as receiver:
            webhook = {"url": f"http://127.0.0.1:{receiver.port}/x", "secret": SECRET, "names": ["tests.*"]}
            with gateway(
                valkey.url().removesuffix("/0"),
                webhooks=json.dumps([webhook]),
                webhook_networks='["127.0.0.0/8"]',
            ):
                await until(lambda: store.hlen(control().notify_targets))
                task = journals.task()
                task.finish()
                due_now(store)
                await until(lambda: receiver.requests and not store.exists(control().notify_due))
        [request] = receiver.requests
        message = Webhook(SECRET).verify(request[1], headers(request))
        assert (message["type"], message["data"]["task_id"]) == ("task.succeeded", task.id)

    run(test())


def test_a_process_of_its_own_tells_them_where_the_gateways_do_not(
    valkey: Valkey, store: redis.Redis, journals: Journals
) -> None:
    async def test() -> None:
        async with receiving(said("HTTP/1.1 204 No Content\n\n")) as receiver:
            webhook = {"url": f"http://127.0.0.1:{receiver.port}/x", "secret": SECRET}
            settings: dict[str, Any] = {
                "webhooks": json.dumps([webhook]),
                "webhook_networks": '["127.0.0.0/8"]',
            }
            origin = valkey.url().removesuffix("/0")
            with gateway(origin, send_notifications=0, **settings):
                await until(lambda: store.hlen(control().notify_targets))
                task = journals.task()
                task.finish()
                due_now(store)
                environment = {f"TASKBEAM_{name.upper()}": value for name, value in settings.items()} | {
                    "TASKBEAM_BROKER_URL": valkey.url(),
                    "TASKBEAM_RESULT_BACKEND": "taskbeam+" + results_at(valkey.url(DB)),
                }
                argv = [sys.executable, "-m", "taskbeam", "notify"]
                with ManagedProcess("notify", argv, env=environment, cwd=ROOT):
                    await until(lambda: receiver.requests and not store.exists(control().notify_due))
        [request] = receiver.requests
        assert Webhook(SECRET).verify(request[1], headers(request))["data"]["task_id"] == task.id

    run(test())


def silence(url: str) -> dict[str, Any]:
    """What the gateway answers to an owner who wants to hear nothing."""
    with httpx.Client(base_url=url, timeout=60, headers=bearer(sign(owner="ada"))) as ada:
        preferences = [{"channel": "*", "tasks": "*", "tell": "none"}]
        answer: dict[str, Any] = ada.put(
            "/notifications/preferences", json={"preferences": preferences}
        ).json()
        return answer


def create(url: str, port: int) -> None:
    """The same owner's webhook."""
    webhook = {"url": f"http://127.0.0.1:{port}/x"}
    httpx.post(
        f"{url}/webhooks", json=webhook, timeout=60, headers=bearer(sign(owner="ada"))
    ).raise_for_status()


def test_no_preference_silences_what_the_settings_call_critical(
    valkey: Valkey, store: redis.Redis, journals: Journals
) -> None:
    async def test() -> None:
        async with receiving(said("HTTP/1.1 204 No Content\n\n")) as receiver:
            settings: dict[str, Any] = TOKENS | {
                "webhooks": [],
                "webhook_networks": '["127.0.0.0/8"]',
                "critical_tasks": '["tests.*"]',
            }
            with gateway(valkey.url().removesuffix("/0"), **settings) as running:
                create(running.http, receiver.port)
                assert silence(running.http)["critical"] == ["tests.*"]
                task = journals.task(labels={"owner": "ada"})
                task.finish()
                due_now(store)
                await until(lambda: receiver.requests and not store.exists(control().notify_due))
        [request] = receiver.requests
        assert json.loads(request[1])["data"]["task_id"] == task.id

    run(test())


def test_who_does_not_send_keeps_who_is_to_be_told_and_is_done(valkey: Valkey, store: redis.Redis) -> None:
    async def test() -> None:
        webhook = Configured.model_validate({"url": "https://a.example/", "secret": SECRET})
        async with connected_to(valkey.url(DB)) as client, aclosing(exchange_with(client, 60)) as journals:
            nobody: list[Any] = []
            kept = Notifications(
                client,
                journals,
                control(),
                names,
                [webhook],
                None,
                nobody,
                nobody,
                Counter(),
                sends=False,
            )
            await kept.run()
            await kept.close()
        assert store.hlen(control().notify_targets) == 1

    run(test())


def test_what_the_settings_no_longer_have_is_told_nothing(valkey: Valkey, store: redis.Redis) -> None:
    def webhook(name: str) -> Configured:
        return Configured.model_validate({"url": f"https://{name}.example/", "secret": SECRET})

    async def test() -> None:
        async with staged(valkey.url(DB), works=False) as stage:
            for names in ("ab", "ab", "bc", ""):
                await keep_configured(stage.targets, map(webhook, names))
                urls = {target.url for target in await stage.targets.of_owner(None)}
                assert urls == {f"https://{name}.example/" for name in names}
                assert store.hget(control().notify_asked, "*") == (str(len(names)) if names else None)

    run(test())


@pytest.mark.parametrize(
    "secret", ["", "secret", "whsec_", "whsec_c2hvcnQ=", "whsec_" + "A" * 100, "whsec_ä"]
)
def test_a_secret_that_is_none_is_refused_and_not_shown(secret: str) -> None:
    with pytest.raises(ValidationError) as refused:
        Configured.model_validate({"url": "https://a.example/", "secret": secret})
    assert "whsec_ and 24 to 64 bytes" in str(refused.value)
    assert not secret or f"'{secret}'" not in str(refused.value)
