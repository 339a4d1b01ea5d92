"""Somebody with tasks, and what a client asks of the feed of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote
from uuid import uuid4

import httpx

from taskbeam.journal.feeds.names import feed_keys
from taskbeam.journal.keys import CELERY_PREFIX
from tests.support.event_stream import EventStream
from tests.support.raw_websocket import RawWebSocket
from tests.support.results import subscribers_of
from tests.support.tokens import bearer, sign
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Sequence

    from taskbeam.journal.events import EventId
    from tests.support.gateway import Gateway
    from tests.support.journal import Journals, Task


class Owner:
    """Somebody with tasks, and a token for them."""

    def __init__(self, served: Gateway, journals: Journals) -> None:
        self.served = served
        self.name = f"Ada / Jürgen {uuid4()}"
        self.feed = f"owner:{self.name}"
        self.keys = feed_keys(self.feed, CELERY_PREFIX)
        self.headers = bearer(sign(owner=self.name))
        self._journals = journals

    def task(self) -> Task:
        """A task that was just sent."""
        return self._journals.task(labels={"owner": self.name})

    def get(self, resource: str = "", feed: str = "", **query: Any) -> httpx.Response:
        path = f"{self.served.http}/feeds/{quote(feed or self.feed, safe='')}{resource}"
        headers = self.headers | {"Accept": "application/json"}
        return httpx.get(path, params=query, headers=headers, timeout=60)

    def list(self, **query: Any) -> dict[str, Any]:
        found: dict[str, Any] = self.get(**query).raise_for_status().json()
        return found

    def events(self, **query: Any) -> dict[str, Any]:
        found: dict[str, Any] = self.get("/events", **query).raise_for_status().json()
        return found

    def stream(self, after: EventId | str = "", feed: str = "") -> EventStream:
        name = quote(feed or self.feed, safe="")
        return EventStream(self.served, name, f"?after={after}", self.headers, collection="feeds")

    def wait_for_subscribers(self) -> None:
        channel = self.keys.channel
        wait_until(lambda: subscribers_of(self._journals.redis, channel) > 0)

    def socket(self) -> RawWebSocket:
        return RawWebSocket(self.served, headers=self.headers)


def transitions(told: Sequence[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(each["event"]["task_id"], each["event"]["state"]) for each in told]
