"""Text that real workers write, as real clients have it: whatever is cut, killed or cancelled meanwhile.

A client keeps the text by the rules of docs/contract.md, and goes from one transport to another.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from copy import copy
from typing import TYPE_CHECKING, Any, cast

import httpx
import pytest
import websockets

from stack.valkey import Valkey
from tests.fates.stage import together
from tests.support.clients import TRANSPORTS, until
from tests.support.gateway import PATHS, Gateway, gateway
from tests.support.reading import ReadText
from tests.support.redis_cluster import one_server
from tests.support.results import client_of, names, results_at
from tests.support.waiting import wait_until
from tests.support.worker import worker
from tests.taskbeam.writing_jobs import TOKENS, writing_app

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from celery import Celery

    from stack.process import ManagedProcess

JOBS = "tests.taskbeam.writing_jobs"

#: A broker that delivers soon what a dead worker did not acknowledge; seconds.
REDELIVERY = {
    "broker_transport_options": {
        "visibility_timeout": 1,
        "unacked_restore_interval": 1,
        "unacked_restore_throttle": 1,
    }
}


class Place:
    """A server for messages, one for journals, a gateway of each kind, and whoever writes there."""

    def __init__(self, broker: Valkey, results: Valkey, gateways: Sequence[Gateway]) -> None:
        self.urls = broker.url(), "taskbeam+" + results_at(results.url(1))
        self.results = results
        self.gateways = gateways
        self.queue = "celery"
        self.app: Celery = writing_app(*self.urls)
        self.redis = client_of(results.url(1))

    def to(self, queue: str) -> Place:
        """The same; what is sent goes to this queue, and workers that are started consume it."""
        routed = copy(self)
        routed.queue = queue
        return routed

    def send(self, job: str, *args: Any) -> str:
        """The id of the task that was sent."""
        task_id: str = self.app.send_task(f"jobs.{job}", args, queue=self.queue).id
        return task_id

    @contextmanager
    def worker(self, pool: str = "threads", **conf: Any) -> Iterator[ManagedProcess]:
        """A worker of the queue, until the block ends."""
        env = {"WRITING_CONF": json.dumps(conf)}
        with worker(*self.urls, pool=pool, concurrency=1, app=JOBS, env=env, queue=self.queue) as process:
            yield process
            process.kill()

    def stop(self, task_id: str, how: str = "") -> None:
        """Ask a gateway to, and wait for the end."""
        httpx.post(f"{self.gateways[0].http}/tasks/{task_id}/cancel{how}").raise_for_status()
        wait_until(lambda: self.redis.hget(names(task_id).head, "final") == b"1")

    def kept(self, task_id: str) -> str:
        """The text as Redis has it in one piece."""
        found = cast("bytes | None", self.redis.get(names(task_id).output))
        text: str = json.loads(b'"%b"' % (found or b""))
        return text

    def until_kept(self, task_id: str, units: int) -> None:
        wait_until(lambda: len(self.kept(task_id)) >= units, lambda: f"{len(self.kept(task_id))} units")

    @contextmanager
    def followed(self, task_id: str) -> Iterator[list[ReadText]]:
        """Several clients, until the task ends; when the block has ended, what each has read."""
        readers: list[ReadText] = []
        with ThreadPoolExecutor(1) as thread:
            following = thread.submit(lambda: asyncio.run(_follow_all(self.gateways, task_id)))
            yield readers
            readers += following.result(timeout=120)


async def _follow_all(gateways: Sequence[Gateway], task_id: str) -> list[ReadText]:
    async with asyncio.timeout(110):
        return await asyncio.gather(*(_follow(gateways, task_id, random.Random(seed)) for seed in range(6)))


async def _follow(gateways: Sequence[Gateway], task_id: str, chance: random.Random) -> ReadText:
    """From the beginning or from anywhere, cut at random, to the end; by any gateway and transport."""
    reader, cursor, ended = ReadText(), None, False

    async def cut(event: dict[str, Any]) -> bool:
        nonlocal cursor, ended
        reader.heard(event)
        cursor, ended = event.get("id", cursor), event["final"]
        return ended or chance.random() < 0.05

    await asyncio.sleep(chance.uniform(0, 1))
    while not ended:
        client = TRANSPORTS[chance.choice(tuple(TRANSPORTS))]
        try:
            await until(client(chance.choice(gateways), task_id, cursor), cut)
        except (httpx.HTTPError, websockets.WebSocketException, OSError):
            await asyncio.sleep(0.1)  # Redis is away
    return reader


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder: Path = tmp_path_factory.mktemp("results") / "data"
    with Valkey() as broker, Valkey(None, folder, "--appendonly", "no") as results:
        url = results.url().rsplit("/", 1)[0]
        with together(gateway(url, path, broker_url=broker.url()) for path in PATHS) as gateways:
            yield Place(broker, results, gateways)


@pytest.fixture(scope="module")
def crewed(place: Place) -> Iterator[Place]:
    """With a worker that lives."""
    with place.worker():
        yield place


def test_who_joins_after_20_000_words_has_them_in_one_event_then_live(crewed: Place) -> None:
    task_id = crewed.send("write_tokens")
    crewed.until_kept(task_id, 5 * TOKENS)

    async def join(transport: str, served: Gateway) -> list[dict[str, Any]]:
        async def live(event: dict[str, Any]) -> bool:
            return bool(event.get("output", {}).get("offset", 0) >= 5 * TOKENS)

        return await until(TRANSPORTS[transport](served, task_id, None), live)

    found = [asyncio.run(join(transport, served)) for transport in TRANSPORTS for served in crewed.gateways]
    crewed.stop(task_id)
    for events in found:
        first = events[0]
        assert "id" not in first
        assert first["output"]["offset"] == 0
        assert first["output"]["text"].startswith("token" * TOKENS)
        assert len([event for event in events if event["type"] == "output"]) < 400
        reader = ReadText(events)
        assert reader.text.startswith("token" * TOKENS + "live ")
        assert crewed.kept(task_id).startswith(reader.text)


def test_a_worker_that_is_killed_and_the_next_attempt(place: Place) -> None:
    place = place.to("doomed")
    with place.worker("prefork") as doomed:
        task_id = place.send("write_on", 100_000)
        with place.followed(task_id) as readers:
            place.until_kept(task_id, 200)
            os.killpg(os.getpgid(doomed.pid), signal.SIGKILL)
            with place.worker("threads", **REDELIVERY):
                place.app.AsyncResult(task_id).get(timeout=60)
    for reader in readers:
        assert reader.attempt == 2
        assert reader.text == place.kept(task_id) == "".join(f"{number} again, " for number in range(50))
        assert (reader.omitted, reader.holes) == (0, 0)


@one_server("it kills the server with the results")
def test_redis_is_killed_and_comes_back_with_an_older_copy(crewed: Place) -> None:
    words = 6_000  # twelve seconds: it writes on when Redis is killed, on a slow machine, too
    task_id = crewed.send("write_on", words)
    with crewed.followed(task_id) as readers:
        crewed.until_kept(task_id, 500)
        kept = len(crewed.kept(task_id))
        crewed.redis.execute_command("SAVE")
        crewed.until_kept(task_id, kept + 500)
        crewed.results.kill()
        crewed.results.start()
        written = crewed.app.AsyncResult(task_id).get(timeout=60)
    whole = "".join(f"{number} on, " for number in range(words))
    assert written == len(whole)
    for reader in readers:
        assert reader.text == crewed.kept(task_id)
        assert reader.omitted > 0  # what Redis has lost
        assert len(reader.text) + reader.omitted == len(whole)
        assert reader.text.startswith(whole[:kept])
        assert reader.text.endswith(whole[-20:])


def test_a_task_that_is_stopped_keeps_what_it_wrote(place: Place) -> None:
    place = place.to("stopped")
    with place.worker("prefork"):
        for how in ("", "?terminate=true"):
            task_id = place.send("write_on", 100_000)
            with place.followed(task_id) as readers:
                place.until_kept(task_id, 300)
                place.stop(task_id, how)
            kept = place.kept(task_id)
            assert len(kept) >= 300
            assert "".join(f"{number} on, " for number in range(100_000)).startswith(kept)
            assert {reader.text for reader in readers} == {kept}


def test_a_followers_text_is_whole_when_its_task_has_ended(crewed: Place) -> None:
    task_id = crewed.send("write_on", 1000)
    with crewed.followed(task_id) as readers:
        pass
    whole = "".join(f"{number} on, " for number in range(1000))
    assert {reader.text for reader in readers} == {whole}
    assert not any(reader.holes or reader.omitted for reader in readers)
