"""An owner has at most so many webhooks, also where several are made at once, by whichever gateways."""

from __future__ import annotations

import asyncio
from functools import partial
from threading import Thread
from typing import TYPE_CHECKING

import pytest

from taskbeam.notifications.target import Filter, Target
from taskbeam.notifications.targets import TargetStore
from taskbeam.notifications.webhooks import MOST_OF_OWNER, TooManyWebhooksError, Webhooks
from taskbeam.outgoing.endpoint import Endpoint
from tests.support.results import control, names

from .conftest import DB
from .stage import OURS, Stage, run, staged

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import redis

    from stack.valkey import Valkey


def webhooks(stage: Stage, targets: TargetStore) -> Webhooks:
    """Those of a gateway whose targets are in this store."""
    endpoint = partial(Endpoint.parse, plain_http=True, allowed=OURS)
    return Webhooks(stage.post.journals, targets, stage.records, stage.due, stage.outgoing, names, endpoint)


async def create(made: Webhooks) -> None:
    await made.create("ada", "https://shop.example/hook", Filter())


class Overtaken(TargetStore):
    """Somebody else's request comes, and ends, while this one has looked for room and not yet taken it."""

    meanwhile: Callable[[], None]

    async def put(self, target: Target, admit: Callable[[Sequence[Target]], None] | None = None) -> None:
        assert admit is not None
        looks: list[int] = []

        def look(others: Sequence[Target]) -> None:
            looks.append(len(others))
            if len(looks) == 1:
                self.meanwhile()
            admit(others)

        await super().put(target, look)


def test_the_last_place_is_given_once(valkey: Valkey, store: redis.Redis) -> None:
    async def another() -> None:
        async with staged(valkey.url(DB), works=False) as stage:
            await create(webhooks(stage, stage.targets))

    def in_another_gateway() -> None:
        gateway = Thread(target=asyncio.run, args=(another(),))
        gateway.start()
        gateway.join()

    async def test() -> None:
        async with staged(valkey.url(DB), works=False) as stage:
            for _ in range(MOST_OF_OWNER - 1):
                await create(webhooks(stage, stage.targets))
            overtaken = Overtaken(stage.redis, control())
            overtaken.meanwhile = in_another_gateway
            with pytest.raises(TooManyWebhooksError):
                await create(webhooks(stage, overtaken))
            assert store.hlen(control().notify_targets) == MOST_OF_OWNER

    run(test())
