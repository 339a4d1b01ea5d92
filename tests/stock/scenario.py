"""Many tasks of stock workers, two gateways, three transports, gateways killed: everybody has the journal.

``python -m tests.stock.scenario`` runs all of it: 50 tasks at 20 and at 200 updates a second. The tests do
the same with a few.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import httpx
import websockets

from stack.valkey import Valkey
from taskbeam.journal.keys import task_keys
from tests.support.clients import TRANSPORTS, Event
from tests.support.gateway import PATHS, Gateway, gateway

if TYPE_CHECKING:
    from collections.abc import Callable

    import redis

ROUTES = ("sse", "websocket", "polling")
SEED = 20_26

#: Seconds for everything.
TIMEOUT = 480.0

#: Seconds between two updates for as long as gateways are still killed.
SLOW = 0.1

#: What a gateway that is killed does to a client.
CUT = (httpx.HTTPError, websockets.WebSocketException, OSError)


class Gateways:
    """Two of them, killed and started again, on another port."""

    def __init__(self, valkey: Valkey) -> None:
        self._valkey = valkey
        self._stacks = [ExitStack() for _ in PATHS]
        self.running: list[Gateway] = []

    def __enter__(self) -> Gateways:
        self.running = [self._start(number) for number in range(len(PATHS))]
        return self

    def __exit__(self, *_: object) -> None:
        for stack in self._stacks:
            stack.close()

    def restart(self, number: int) -> None:
        """Kill it, and start it again; it knows nothing of what it was before."""
        self.running[number].process.kill()
        self._stacks[number].close()
        self.running[number] = self._start(number)

    def _start(self, number: int) -> Gateway:
        settings: dict[str, Any] = {"result_backend": self._valkey.url(1), "stock": 1, "head_timeout": 120}
        started = gateway(self._valkey.url().removesuffix("/0"), PATHS[number], **settings)
        return self._stacks[number].enter_context(started)


def repeating(update: int) -> int:
    """1, 2, 1, 1, 3, 4, 3, 3, …: known by its place alone."""
    block, place = divmod(update, 4)
    return 2 * block + 1 + (place == 1)


def differing(update: int) -> int:
    """1, 2, 3, …: where nobody has heard an update, the next one shows it."""
    return update + 1


def contents(kills: int) -> Callable[[int], int]:
    """What stands in each update. A gateway that is killed takes with it what it had not appended yet.

    Where that ends with the bytes of what was heard last, nobody can notice; see docs/stock.md.
    """
    return differing if kills else repeating


def publish(client: redis.Redis, task_id: str, current: int, final: bool) -> None:
    """As Celery stores a state."""
    key = task_keys(task_id).result
    meta = json.dumps({"status": "SUCCESS" if final else "PROGRESS", "result": {"current": current}})
    with client.pipeline(transaction=True) as pipeline:
        pipeline.set(key, meta, ex=1000)
        pipeline.publish(key, meta)
        pipeline.execute()


def work(
    client: redis.Redis,
    task_ids: list[str],
    updates: int,
    rate: float,
    content: Callable[[int], int],
    over: Callable[[], bool],
) -> list[int]:
    """So many ``updates`` of each task, at a ``rate`` per second; then a few more until it is ``over``.

    Returns what each has published: fewer than a journal keeps.
    """
    due, published, final = time.monotonic(), list[int](), False
    while not final:
        final = len(published) >= updates - 1 and over()
        published.append(content(len(published)))
        for task_id in task_ids:
            publish(client, task_id, published[-1], final)
        due += 1 / rate if len(published) < updates else SLOW
        time.sleep(max(due - time.monotonic(), 0))
    return published


async def follow(gateways: Gateways, number: int, transport: str, task_id: str) -> list[Event]:
    """To the end, from the cursor each time that the gateway is gone."""
    received: list[Event] = []
    while not received or not received[-1]["final"]:
        after = received[-1]["id"] if received else None
        try:
            async for event in TRANSPORTS[transport](gateways.running[number], task_id, after):
                received += [event] if "id" in event else []
        except CUT:
            await asyncio.sleep(random.uniform(0.05, 0.3))
    return received


async def follow_all(
    gateways: Gateways, client: redis.Redis, task_ids: list[str], updates: int, rate: float, kills: int
) -> tuple[list[int], dict[str, list[list[Event]]]]:
    """What each task has published, and what each client has received of it."""
    seen: dict[str, list[list[Event]]] = {task_id: [] for task_id in task_ids}

    async def one(number: int, transport: str, task_id: str) -> None:
        seen[task_id].append(await follow(gateways, number, transport, task_id))

    async def kill() -> None:
        for turn in range(kills):
            await asyncio.to_thread(gateways.restart, turn % 2)
            # So one of the two hears each task at any time, and has heard what the other left undone.
            await asyncio.to_thread(heard_by_all, client, task_ids)
            await asyncio.to_thread(caught_up, client, task_ids)

    async with asyncio.timeout(TIMEOUT), asyncio.TaskGroup() as clients:
        for task_id in task_ids:
            for number in range(2):
                for transport in ROUTES:
                    clients.create_task(one(number, transport, task_id))
        await asyncio.to_thread(heard_by_all, client, task_ids)
        killing = asyncio.create_task(kill())
        content = contents(kills)
        published = await asyncio.to_thread(work, client, task_ids, updates, rate, content, killing.done)
        await killing
    return published, seen


def heard_by_all(client: redis.Redis, task_ids: list[str]) -> None:
    """Wait until both gateways hear each task: from then on nothing may be missed unseen."""
    channels = [task_keys(task_id).hearers for task_id in task_ids]
    deadline = time.monotonic() + TIMEOUT
    while any(hearers < 2 for _, hearers in client.pubsub_numsub(*channels)):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def caught_up(client: redis.Redis, task_ids: list[str]) -> None:
    """Wait until the journal of each task has what Celery has stored by now."""
    stored: Any = client.mget([task_keys(task_id).result for task_id in task_ids])
    deadline = time.monotonic() + TIMEOUT
    for task_id, meta in zip(task_ids, stored, strict=True):
        while meta and newest(client, task_id) < json.loads(meta)["result"]["current"]:
            assert time.monotonic() < deadline
            time.sleep(0.05)


def newest(client: redis.Redis, task_id: str) -> int:
    """What stands in the last event of a journal whose contents count."""
    records: Any = client.lrange(task_keys(task_id).log, -1, -1)
    told = currents([event_in(record) for record in records])
    return told[-1] if told and told[-1] != "gap" else 0


def journal(client: redis.Redis, task_id: str) -> list[Event]:
    records: Any = client.lrange(task_keys(task_id).log, 0, -1)
    return [event_in(record) for record in records]


def event_in(record: bytes) -> Event:
    event: Event = json.loads(record.split(b" ", 2)[2])
    return event


def currents(events: list[Event]) -> list[Any]:
    """What stands in each of them; ``gap`` where something is missing."""
    return [
        "gap" if event["type"] == "gap" else (event.get("progress") or event["result"])["current"]
        for event in events
    ]


def fits(heard: list[Any], published: list[int]) -> bool:
    """Whether it is what was published, in its order, nothing twice, and nothing missing but behind a gap."""
    places = {0}
    for each in heard:
        if each == "gap":
            places = set(range(min(places, default=len(published)), len(published)))
        else:
            places = {place + 1 for place in places if place < len(published) and published[place] == each}
    return len(published) in places


def judge(client: redis.Redis, seen: dict[str, list[list[Event]]], published: list[int]) -> int:
    """Fails where a client has not the journal, or the journal not what was published; returns its gaps.

    A gateway is killed while another hears each task, so there need be none.
    """
    gaps = 0
    for task_id, clients in seen.items():
        kept = journal(client, task_id)
        assert [int(event["id"].split("-")[1]) for event in kept] == list(range(1, len(kept) + 1))
        assert len(clients) == 2 * len(ROUTES)
        for received in clients:
            assert received == kept, (task_id, currents(received), currents(kept))
        heard = currents(kept)
        assert fits(heard, published), (task_id, heard)
        gaps += heard.count("gap")
    return gaps


def main() -> int:
    """The whole of it, on a Redis of its own."""
    import redis

    with Valkey() as valkey, redis.Redis.from_url(valkey.url(1)) as client, Gateways(valkey) as gateways:
        for rate, updates, kills in ((20, 100, 0), (20, 200, 3), (200, 400, 0), (200, 400, 3)):
            task_ids = [f"full-{rate}-{kills}-{number}" for number in range(50)]
            began = time.monotonic()
            published, seen = asyncio.run(follow_all(gateways, client, task_ids, updates, rate, kills))
            gaps = judge(client, seen, published)
            took = time.monotonic() - began
            print(
                f"{rate}/s, {kills} kills: {50 * len(published)} updates, {len(seen) * 6} clients, "
                f"each has the journal; {gaps} gaps; {took:.0f} s",
                flush=True,
            )
    return 0


if __name__ == "__main__":
    sys.exit(main())
