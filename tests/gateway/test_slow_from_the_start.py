"""Whoever begins to follow for a client that is slow at that moment waits until it reads again."""

from __future__ import annotations

import asyncio
import json
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from taskbeam.gateway.transports.multiplex_session import MultiplexSession
from taskbeam.gateway.transports.task_session import TaskSession
from taskbeam.measures.follow_counts import FollowCounts

if TYPE_CHECKING:
    from collections.abc import Callable


class Socket:
    """A slow client's."""

    paused = True

    def __init__(self) -> None:
        self.sent: list[Any] = []

    def send_events(self, events: Any) -> None:
        self.sent += events

    def send_text(self, payload: bytes) -> None:
        self.sent.append(json.loads(payload)["op"])

    def close(self, *_: object) -> None:
        raise NotImplementedError


class Hub:
    """Tells its follower something at once, unless it is paused."""

    def __init__(self) -> None:
        self.counts = FollowCounts()

    def follow(self, _: str, __: object, sink: Any, *___: object, **____: object) -> Hub:
        self.sink, self.live = sink, True
        return self

    def publish(self, event: str) -> None:
        if self.live:
            self.sink.deliver([event])

    def pause(self) -> None:
        self.live = False

    def resume(self) -> None:
        self.live = True

    def cancel(self) -> None:
        self.live = False


def allow(*asked: Any) -> None:
    asked[-1](None)


AUTH: Any = SimpleNamespace(
    identity="ada",
    span=None,
    admission=SimpleNamespace(**dict.fromkeys(("attach", "expect", "asked", "settle"), lambda *_: None)),
    place=lambda *_: SimpleNamespace(attach=lambda _: None, leave=lambda: None),
    ask=allow,
    ask_about=allow,
    close=lambda: None,
)


def of_many(socket: Any, hub: Any) -> Any:
    session = MultiplexSession(socket, hub, AUTH, 10, auth_timeout=60, idle_timeout=60, redis_timeout=60)
    session.received('{"op": "subscribe", "task_id": "a"}')
    return session


def of_one(socket: Any, hub: Any) -> Any:
    return TaskSession(socket, hub, AUTH, "a", None, 60)


@pytest.mark.parametrize("begin", [of_many, of_one])
def test_nothing_is_sent_before_the_client_reads(begin: Callable[[Socket, Hub], Any]) -> None:
    async def run() -> None:
        socket, hub = Socket(), Hub()
        session = begin(socket, hub)
        hub.publish("unbounded")
        assert socket.sent == []
        session.resume()
        hub.publish("news")
        assert socket.sent[-1] == "news"
        session.closed()

    asyncio.run(run())
