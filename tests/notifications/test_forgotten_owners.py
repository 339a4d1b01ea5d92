"""What is left of somebody who signs out everywhere, and of an account that is closed."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from celery import Celery

from taskbeam.gateway import Gateway
from taskbeam.gateway.settings import GatewaySettings
from taskbeam.notifications.preferences import Preference
from taskbeam.notifications.target import Filter, Target
from taskbeam.push.vapid import new_vapid_key
from tests.support.results import control, results_at

from .conftest import DB
from .stage import run, staged

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import redis

    from stack.valkey import Valkey

    from .stage import Stage

NOTHING = Preference(channel="*", tasks="*", tell="none")


@asynccontextmanager
async def two_owners(valkey: Valkey) -> AsyncIterator[tuple[Gateway, Stage]]:
    """A gateway, whose owners each have a browser, a webhook and a preference."""
    celery_app = Celery(
        broker=valkey.url(), backend="taskbeam+" + results_at(valkey.url(DB)), set_as_current=False
    )
    settings = GatewaySettings.model_validate(
        {
            "auth": "open",
            "webhooks": [],
            "vapid_key": new_vapid_key(),
            "vapid_contact": "mailto:ops@example.org",
            "send_notifications": False,
        }
    )
    gateway = Gateway(celery_app, settings=settings, watch_signals=False)
    async with gateway.lifespan(), staged(valkey.url(DB), works=False) as stage:
        webhooks = gateway.start().webhooks
        assert webhooks is not None
        for owner in ("ada", "bob"):
            await webhooks.create(owner, "https://shop.example/hook", Filter())
            await stage.targets.put(
                Target(
                    id=f"push_{owner}",
                    kind="push",
                    owner=owner,
                    url=f"https://push.example/{owner}",
                    every=True,
                    created=1.0,
                )
            )
            await stage.preferences.put(owner, [NOTHING])
        yield gateway, stage


async def kinds(stage: Stage, owner: str) -> list[str]:
    return sorted(target.kind for target in await stage.targets.of_owner(owner))


def test_who_signs_out_everywhere_keeps_webhooks_and_preferences(valkey: Valkey, store: redis.Redis) -> None:
    async def test() -> None:
        async with two_owners(valkey) as (gateway, stage):
            await gateway.forget_devices("ada")
            assert await kinds(stage, "ada") == ["webhook"]
            assert await stage.preferences.of_owner("ada") == (NOTHING,)
            assert await kinds(stage, "bob") == ["push", "webhook"]
            assert store.hgetall(control().notify_asked) == {"owner:ada": "1", "owner:bob": "2"}

    run(test())


def test_of_an_account_that_is_closed_nothing_is_kept(valkey: Valkey, store: redis.Redis) -> None:
    async def test() -> None:
        async with two_owners(valkey) as (gateway, stage):
            await gateway.forget_owner("ada")
            assert await kinds(stage, "ada") == []
            assert await stage.preferences.of_owner("ada") == ()
            assert await kinds(stage, "bob") == ["push", "webhook"]
            assert await stage.preferences.of_owner("bob") == (NOTHING,)
            # The append script marks no end of theirs any more.
            assert store.hgetall(control().notify_asked) == {"owner:bob": "2"}

    run(test())
