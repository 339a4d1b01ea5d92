"""A gateway that subscribes to sharded channels also publishes there what it has to say itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import redis

from taskbeam.journal.keys import task_keys
from tests.support.event_stream import EventStream, bodies_of
from tests.support.gateway import gateway
from tests.support.redis_cluster import one_server
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from stack.valkey import Valkey


@one_server("on a cluster all channels are sharded, whatever the setting")
def test_a_cancellation_reaches_those_who_follow(valkey: Valkey) -> None:
    with (
        gateway(valkey.url().removesuffix("/0"), sharded=1) as served,
        redis.Redis.from_url(valkey.url(1)) as client,
    ):
        task_id = httpx.post(f"{served.http}/reports", json={"user_id": 1}).json()["task_id"]
        keys = task_keys(task_id)
        with EventStream(served, task_id) as stream:
            assert stream.event()["state"] == "PENDING"
            wait_until(lambda: client.pubsub_shardnumsub(keys.channel)[0][1] == 1)
            assert httpx.post(f"{served.http}/tasks/{task_id}/cancel").status_code == 202
            (end,) = bodies_of(stream.rest())
        assert b'"REVOKED"' in end
        assert not client.hexists(keys.head, "ticket")  # the queue hashes to another slot
