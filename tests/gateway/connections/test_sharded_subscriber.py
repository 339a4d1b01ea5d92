"""Sharded channels on a server that is a cluster: each name has a slot, and slots move."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest
import redis
from redis.asyncio import Redis
from redis.crc import key_slot

from taskbeam.follow.subscriber import Subscriber
from tests.support.ending import end
from tests.support.one_node import one_node
from tests.support.waiting import DEADLINE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

NAMES = (b"here", b"there", b"elsewhere")


class Heard:
    """What a subscriber says of some names."""

    def __init__(self, *names: bytes) -> None:
        self._names = names
        self.heard: asyncio.Queue[tuple[bytes, bytes]] = asyncio.Queue()

    async def next(self) -> tuple[bytes, bytes]:
        return await asyncio.wait_for(self.heard.get(), DEADLINE)

    # What the subscriber calls.

    def subscribed(self, name: bytes) -> None:
        self.heard.put_nowait((name, b"subscribed"))

    def published(self, name: bytes, payload: bytes) -> None:
        self.heard.put_nowait((name, payload))

    def lost(self) -> list[bytes]:
        return list(self._names)


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[redis.Redis]:
    """A client of a cluster of one server, which has all slots."""
    with one_node(tmp_path) as server, redis.Redis.from_url(server.url()) as client:
        yield client


@asynccontextmanager
async def subscribed(cluster: redis.Redis, *names: bytes) -> AsyncIterator[tuple[Heard, Subscriber]]:
    heard = Heard(*names)
    where = cluster.connection_pool.connection_kwargs
    async with Redis(host=where["host"], port=where["port"]) as client:
        subscriber = Subscriber(client, heard, sharded=True)
        running = asyncio.create_task(subscriber.run())
        try:
            assert {await heard.next() for _ in names} == {(name, b"subscribed") for name in names}
            yield heard, subscriber
        finally:
            await end(running)


def test_names_of_several_slots_are_subscribed_to(cluster: redis.Redis) -> None:
    async def test() -> None:
        async with subscribed(cluster, *NAMES) as (heard, _):
            for name in NAMES:
                cluster.execute_command("SPUBLISH", name, "hello")
            assert {await heard.next() for _ in NAMES} == {(name, b"hello") for name in NAMES}

    assert len({key_slot(name) for name in NAMES}) == len(NAMES)
    asyncio.run(test())


def test_a_name_whose_slot_was_gone_is_subscribed_to_again(cluster: redis.Redis) -> None:
    """The server ends the subscription by itself, and says so once."""

    async def test() -> None:
        async with subscribed(cluster, *NAMES) as (heard, _):
            cluster.execute_command("CLUSTER DELSLOTS", key_slot(NAMES[0]))
            cluster.execute_command("CLUSTER ADDSLOTS", key_slot(NAMES[0]))
            assert {await heard.next() for _ in NAMES} == {(name, b"subscribed") for name in NAMES}
            cluster.execute_command("SPUBLISH", NAMES[0], "hello")
            assert await heard.next() == (NAMES[0], b"hello")

    asyncio.run(test())


def test_a_name_that_is_left_is_no_loss(cluster: redis.Redis) -> None:
    async def test() -> None:
        async with subscribed(cluster, *NAMES) as (heard, subscriber):
            subscriber.unsubscribe(*NAMES[:2])
            subscriber.subscribe(NAMES[0])
            assert await heard.next() == (NAMES[0], b"subscribed")
            for name in (NAMES[1], NAMES[0], NAMES[2]):
                cluster.execute_command("SPUBLISH", name, "hello")
            assert {await heard.next() for _ in range(2)} == {(NAMES[0], b"hello"), (NAMES[2], b"hello")}

    asyncio.run(test())
