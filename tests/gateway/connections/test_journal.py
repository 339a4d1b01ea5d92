"""However the application's result backend is configured, the gateway reads what the workers write."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
import uvloop

from taskbeam.connections.asyncio_redis import CLIENT_NAME
from taskbeam.connections.journal import JournalSettings, journal_backend, journal_redis
from taskbeam.journal.keys import task_keys
from tests.support.configured import configured, configured_worker

from .backends import BACKENDS
from .follow import following, read_journal

if TYPE_CHECKING:
    from pathlib import Path

    from celery import Celery

    from stack.valkey import Valkey

STATES = ["PENDING", "STARTED", "PROGRESS", "PROGRESS", "PROGRESS", "SUCCESS"]

#: Seconds that a command may take here; the machine is shared.
TIMEOUT = 20.0

#: Seconds that a test may take until it looks how long a key lives.
A_WHILE = 120


@pytest.mark.parametrize("name", BACKENDS)
def test_the_gateway_agrees_with_the_workers(name: str, tmp_path: Path, valkey: Valkey) -> None:
    with BACKENDS[name](tmp_path) as settings:
        conf = {"broker_url": valkey.url(0), **settings}
        with configured_worker(conf), configured(conf) as app:
            for new_loop in (asyncio.new_event_loop, uvloop.new_event_loop):
                with asyncio.Runner(loop_factory=new_loop) as runner:
                    runner.run(_agrees(app))


async def _agrees(app: Celery) -> None:
    backend = journal_backend(app)
    settings = JournalSettings.of(backend)
    task_id = str(uuid4())
    keys = task_keys(task_id, settings.key_prefix)
    redis = journal_redis(backend, TIMEOUT)
    try:
        async with following(redis, keys, sharded=settings.options.sharded) as task:
            app.send_task("configured.count", (3,), task_id=task_id)
            published = await task.heard(len(STATES))
            assert [json.loads(record.body)["state"] for record in published] == STATES
            kept = [record.body for record in await read_journal(redis, keys)]
            assert kept == [record.body for record in published]
            stored = json.loads(await redis.get(keys.result) or "null")
            assert (stored["status"], stored["result"]) == ("SUCCESS", 3)
            for key in (keys.result, keys.head, keys.log):
                assert settings.limits.expires - A_WHILE < await redis.ttl(key) <= settings.limits.expires
            names = [client["name"] for client in await redis.client_list()]
            assert names.count(CLIENT_NAME) >= 2  # the subscriber's and this one
    finally:
        await redis.aclose()
