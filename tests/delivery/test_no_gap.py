"""The promise: one cursor, three transports, no gap. For many tasks, many clients and every kind of cut."""

from __future__ import annotations

import asyncio
import random
from typing import TYPE_CHECKING

import httpx
import pytest

from tests.support.clients import TRANSPORTS, Event
from tests.support.ending import end
from tests.support.gateway import PATHS, Gateway, gateway
from tests.support.jobs import jobs_app
from tests.support.results import results_at
from tests.support.worker import worker

from .cuts import kill_redis_connections, some

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stack.valkey import Valkey

TASKS = 200
ROUNDS = 8
SEED = 20_26


@pytest.fixture(scope="module", params=PATHS)
def served(request: pytest.FixtureRequest, valkey: Valkey) -> Iterator[Gateway]:
    # 600 clients in one process may take long to write what they ask for.
    with gateway(valkey.url().rsplit("/", 1)[0], request.param, head_timeout=120) as running:
        yield running


def test_every_client_ends_with_exactly_the_journal(served: Gateway, valkey: Valkey) -> None:
    """200 tasks, 3 clients each, cut and resumed on another transport, with Redis connections killed."""
    backend = "taskbeam+" + results_at(valkey.url(1))
    app = jobs_app(valkey.url(0), backend)
    with worker(valkey.url(0), backend, pool="threads", concurrency=16):
        task_ids = [app.send_task("jobs.digest", [ROUNDS]).id for _ in range(TASKS)]
        seen = asyncio.run(_follow_all(served, task_ids, valkey))
    for task_id in task_ids:
        journal = _journal(served, task_id)
        states = [event["state"] for event in journal]
        # One that waits for long is told its place in the queue, too.
        waited = states.index("STARTED")
        assert set(states[:waited]) == {"PENDING"}
        assert states[-1] == "SUCCESS"
        assert len(journal) == waited + ROUNDS + 2
        assert _sequences(journal) == list(range(1, len(journal) + 1))
        for received in seen[task_id]:
            assert received == journal


async def _follow_all(served: Gateway, task_ids: list[str], valkey: Valkey) -> dict[str, list[list[Event]]]:
    chance = random.Random(SEED)
    killer = asyncio.create_task(kill_redis_connections(valkey))
    seen: dict[str, list[list[Event]]] = {task_id: [] for task_id in task_ids}

    async def follow(task_id: str, first: str, seed: int) -> None:
        seen[task_id].append(await _follow(served, task_id, first, random.Random(seed)))

    transports = ("sse", "websocket", "polling")
    try:
        async with asyncio.timeout(270), asyncio.TaskGroup() as clients:
            for task_id in task_ids:
                for first in transports:
                    clients.create_task(follow(task_id, first, chance.getrandbits(32)))
    finally:
        await end(killer)
    return seen


async def _follow(served: Gateway, task_id: str, first: str, chance: random.Random) -> list[Event]:
    """Follow to the end, cut at random events, with a random next transport and the cursor kept."""
    received: list[Event] = []
    transport = first
    await asyncio.sleep(chance.uniform(0, 2))
    while not received or not received[-1]["final"]:
        after = received[-1]["id"] if received else None
        received += await some(TRANSPORTS[transport], served, task_id, after, lambda _: chance.random() < 0.2)
        transport = chance.choice(tuple(TRANSPORTS))
    return received


def _journal(served: Gateway, task_id: str) -> list[Event]:
    answer = httpx.get(f"{served.http}/tasks/{task_id}/events", headers={"Accept": "application/json"})
    events: list[Event] = answer.json()["events"]
    return events


def _sequences(events: list[Event]) -> list[int]:
    return [int(event["id"].split("-")[1]) for event in events]
