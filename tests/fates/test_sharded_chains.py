"""On a cluster whoever follows a task hears all that is told of it, whoever tells it."""

from __future__ import annotations

import asyncio
import json
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest
from celery import chain
from redis.asyncio import Redis

from taskbeam.celery.journal_backend import JournalBackend
from tests.gateway.connections.follow import following
from tests.support.closing import close_app
from tests.support.one_node import one_node
from tests.support.worker import worker

from .jobs import fates_app

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from stack.valkey import Valkey

CONF = {"taskbeam_options": {"sharded": True}}


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Valkey]:
    with one_node(tmp_path) as running:
        yield running


@pytest.mark.parametrize("first", ["rejects", "ignores"])
def test_the_end_of_a_task_whose_predecessor_did_not_succeed(
    node: Valkey, valkey: Valkey, first: str
) -> None:
    broker, backend = valkey.url(0), "taskbeam+" + node.url()
    app = fates_app(broker, backend, CONF)
    assert isinstance(app.backend, JournalBackend)
    links = app.tasks[f"fates.{first}"].si(), app.tasks["fates.add"].si(1, 2)
    last: Any = chain(*(link.set(queue="sharded") for link in links)).apply_async()
    keys = app.backend.keys(last.id)

    async def heard() -> dict[str, Any]:
        env = {"FATES_CONF": json.dumps(CONF)}
        running = worker(broker, backend, "solo", 1, "tests.fates.jobs", env=env, queue="sharded")
        async with Redis.from_url(node.url()) as client, following(client, keys, sharded=True) as later:
            with ExitStack() as held:
                await asyncio.to_thread(held.enter_context, running)
                (end,) = await later.heard(1)
                event: dict[str, Any] = json.loads(end.body)
                return event

    event = asyncio.run(heard())
    assert (event["state"], event["error"]["code"], event["final"]) == ("FAILURE", "dependency_failed", True)
    close_app(app)
