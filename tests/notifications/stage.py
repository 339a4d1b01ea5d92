"""Senders of a test, which send to servers of its own."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from contextlib import aclosing, asynccontextmanager, nullcontext
from functools import partial
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING, Any, cast

from stack.ports import LOOPBACK
from taskbeam.background.tasks import BackgroundTasks
from taskbeam.follow.connections import exchange_with
from taskbeam.notifications.asked import Asked
from taskbeam.notifications.due import DueSet
from taskbeam.notifications.lanes import SLOW
from taskbeam.notifications.post import Post
from taskbeam.notifications.preference_store import PreferenceStore
from taskbeam.notifications.records import Records
from taskbeam.notifications.sender import Sender
from taskbeam.notifications.target import Target
from taskbeam.notifications.targets import TargetStore
from taskbeam.notifications.webhook import WEBHOOKS, new_secret
from taskbeam.outgoing.endpoint import Endpoint
from taskbeam.outgoing.requests import Outgoing
from tests.support.results import connected_to, control, names

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine

    import redis
    from redis.asyncio import Redis

    from taskbeam.journal.exchange import Exchange
    from taskbeam.notifications.channel import Channel
    from tests.support.receiver import Receiver

OURS = [ip_network("127.0.0.0/8")]

#: Seconds in which a test ends, come what may.
LONG = 120.0


def run(test: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(test, LONG))


async def until(condition: Callable[[], object]) -> None:
    """Return when it holds; the test's own time is the bound."""
    while not condition():  # noqa: ASYNC110 - whatever it is about
        await asyncio.sleep(0.01)


def told(receiver: Receiver) -> list[str]:
    """The tasks whose ends arrived."""
    return [json.loads(body)["data"]["task_id"] for _, body in receiver.requests]


def due_now(store: redis.Redis, kind: str = "end") -> None:
    """Nobody waits in a test.

    ``kind``: what the members begin with. An end may be taken twice; a message that a sender has in hand
    would be sent twice.
    """
    for member in cast("list[str]", store.zrange(control().notify_due, 0, -1)):
        if member.startswith(kind):
            store.zadd(control().notify_due, {member: 0}, xx=True)


def headers(request: tuple[str, bytes]) -> dict[str, str]:
    lines = (line.partition(": ") for line in request[0].split("\r\n")[1:-2])
    return {name.lower(): value for name, _, value in lines}


class Stage:
    """One sender, and what it works with."""

    def __init__(
        self, redis: Redis, journals: Exchange, total: float, slow: float, post: type[Post], channel: Channel
    ) -> None:
        self.redis = redis
        self.due = DueSet(redis, control())
        self.targets = TargetStore(redis, control())
        self.asked = Asked(journals, self.due, self.targets, control())
        self.records = Records(redis, control())
        self.preferences = PreferenceStore(redis, control())
        self.counts: Counter[str] = Counter()
        self.outgoing = Outgoing(OURS, total, resolver=lambda _: [ip_address(LOOPBACK)])
        endpoint = partial(Endpoint.parse, plain_http=True, allowed=OURS)
        self.post = post(
            journals,
            self.due,
            self.targets,
            self.preferences,
            self.records,
            self.outgoing,
            {"webhook": channel},
            names,
            endpoint,
            self.counts,
        )
        self.sender = Sender(self.due, self.post, slow)

    async def webhook(self, receiver: Receiver, **members: Any) -> Target:
        """A target at a receiver; told of all tasks unless ``members`` say otherwise."""
        host = members.pop("host", "receiver.example")
        given: dict[str, Any] = {
            "id": Target.new_id("webhook"),
            "kind": "webhook",
            "owner": None,
            "url": f"http://{host}:{receiver.port}/hook",
            "every": True,
            "created": 0.0,
            "secrets": (new_secret(),),
        }
        target = Target.model_validate(given | members)
        await self.targets.put(target)
        return target


@asynccontextmanager
async def sending(sender: Sender) -> AsyncIterator[None]:
    """It works meanwhile."""
    background = BackgroundTasks()
    background.keep("notifications", sender.run)
    try:
        yield
    finally:
        await background.stop()


@asynccontextmanager
async def staged(
    url: str,
    *,
    works: bool = True,
    total: float = 20.0,
    slow: float = SLOW,
    post: type[Post] = Post,
    channel: Channel = WEBHOOKS,
) -> AsyncIterator[Stage]:
    """A sender that works from here on, if it ``works``; ``channel``: by which it sends webhooks."""
    async with connected_to(url) as redis, aclosing(exchange_with(redis, LONG)) as journals:
        stage = Stage(redis, journals, total, slow, post, channel)
        try:
            async with sending(stage.sender) if works else nullcontext():
                yield stage
        finally:
            await stage.outgoing.close()
