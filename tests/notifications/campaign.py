"""Kill whoever takes part in a notification: ``python -m tests.notifications.campaign --tasks 2000``.

A worker runs tasks, two gateways tell a service how they ended, and again and again the worker, a gateway,
or the Redis of the results (with its append-only file) is killed and started again. The service refuses some
messages. Exits with 1 where an end was not told, or told under two ids.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import sys
import tempfile
import time
from collections import Counter
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import redis

from stack.valkey import Valkey
from taskbeam.journal.events import Record
from taskbeam.notifications.webhook import new_secret
from tests.support.closing import close_app
from tests.support.gateway import PATHS, gateway
from tests.support.jobs import jobs_app
from tests.support.receiver import receiving
from tests.support.results import control, names
from tests.support.worker import worker

from .conftest import DB
from .heard import Heard, TaskEnd
from .stage import due_now, until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from contextlib import AbstractContextManager

    from celery import Celery

    from stack.process import ManagedProcess

JOBS: tuple[tuple[str, list[Any]], ...] = (
    ("jobs.add", [1, 2]),
    ("jobs.broken", []),
    ("jobs.flaky", []),
    ("jobs.digest", [3]),
)

#: Who is killed.
STRIKES = ("worker", "gateway", "redis")

#: Seconds without a request after which a strike comes all the same, or tasks are sent in place of those that
#: a worker took along.
PATIENCE = 20.0

#: Seconds between two looks.
PAUSE = 0.2

#: Seconds after which what somebody has taken counts as left behind, when all tasks have ended.
LEFT = 1.0


class Restarted:
    """A process that is killed and started again."""

    def __init__(self, begin: Callable[[], AbstractContextManager[ManagedProcess]]) -> None:
        self._begin = begin
        self._held = ExitStack()

    def start(self) -> None:
        self._process = self._held.enter_context(self._begin())

    def kill(self) -> None:
        self._process.kill()
        self.stop()
        self.start()

    def stop(self) -> None:
        self._held.close()


@contextmanager
def sending_gateway(
    results: Valkey, broker: Valkey, path: str, webhook: dict[str, Any]
) -> Iterator[ManagedProcess]:
    """A gateway that tells a service."""
    with gateway(
        results.url().removesuffix("/0"),
        path,
        broker_url=broker.url(),
        webhooks=json.dumps([webhook]),
        webhook_networks='["127.0.0.0/8"]',
        watchdog_interval=1,
    ) as served:
        yield served.process


@dataclass
class Scene:
    """Everybody who takes part."""

    app: Celery
    store: redis.Redis
    results: Valkey
    worker: Restarted
    gateways: list[Restarted]
    heard: Heard
    choose: random.Random

    def __post_init__(self) -> None:
        self.tasks: list[str] = []

    def send(self, count: int) -> None:
        """Send so many tasks."""
        for _ in range(count):
            name, arguments = self.choose.choice(JOBS)
            self.tasks.append(self.app.send_task(name, arguments).id)

    def strike(self, whom: str) -> None:
        """Kill one, and start it again."""
        if whom == "redis":
            self.results.kill()
            time.sleep(self.choose.uniform(0, 2))
            self.results.start()
        else:
            (self.worker if whom == "worker" else self.choose.choice(self.gateways)).kill()
        due_now(self.store, "")  # what somebody took along would be due a minute later

    def ends(self) -> list[TaskEnd]:
        """Of all tasks that have ended; the last one of each."""
        with self.store.pipeline(transaction=False) as pipeline:
            for task in self.tasks:
                pipeline.hget(names(task).head, "final")
                pipeline.lrange(names(task).log, -1, -1)
            answers = pipeline.execute()
        return [
            TaskEnd(task, str(Record.parse(records[0].encode()).id))
            for task, final, records in zip(self.tasks, answers[::2], answers[1::2], strict=True)
            if final == "1"
        ]

    def has_heard(self, requests: int) -> bool:
        """Whether the service has got so many."""
        return self.heard.requests >= requests

    async def told(self, enough: Callable[[], bool]) -> None:
        """Return when the service has heard enough, or nothing for a while."""
        heard, until = -1, 0.0
        while not enough():
            if self.heard.requests != heard:
                heard, until = self.heard.requests, time.monotonic() + PATIENCE
            elif time.monotonic() > until:
                return
            due_now(self.store)
            await asyncio.sleep(PAUSE)

    async def carry_out(self, tasks: int, strikes: Sequence[str]) -> list[TaskEnd]:
        """Strike while tasks run and are told; returns the ends, of which all were due."""
        await asyncio.gather(*(asyncio.to_thread(each.start) for each in (self.worker, *self.gateways)))
        await until(lambda: self.store.exists(control().notify_asked))
        share = tasks // (len(strikes) + 1)
        for whom in strikes:
            await asyncio.to_thread(self.send, share)
            most = self.heard.requests + self.choose.randint(1, share)
            await self.told(partial(self.has_heard, most))
            await asyncio.to_thread(self.strike, whom)
        missing = tasks - len(self.tasks)
        while missing > 0:
            # At last in place of those that a worker took along.
            await asyncio.to_thread(self.send, missing)
            await self.told(lambda: len(self.ends()) >= tasks)
            missing = tasks - len(self.ends())
        ends = self.ends()
        await asyncio.to_thread(self.worker.stop)
        while self.store.exists(control().notify_due):
            due_now(self.store, "")
            await asyncio.sleep(LEFT)
        return ends


@dataclass
class Outcome:
    """Of a campaign."""

    ends: list[TaskEnd]
    heard: Heard

    @property
    def wrong(self) -> list[str]:
        """Each promise that was broken."""
        return self.heard.wrong(self.ends)


async def strike_at(tasks: int, strikes: Sequence[str], seed: int, folder: Path) -> Outcome:
    """Let so many tasks end; ``folder``: of Redis' append-only file."""
    choose, secret = random.Random(seed), new_secret()
    heard = Heard(secret, choose)

    async def act(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await heard.answer(receiver.requests.pop(), reader, writer)

    with Valkey() as broker, Valkey(None, folder) as results, ExitStack() as held:
        async with receiving(act) as receiver:
            url, backend = f"http://127.0.0.1:{receiver.port}/", f"taskbeam+{results.url(DB)}"
            app = jobs_app(broker.url(), backend)
            held.callback(close_app, app)
            store = held.enter_context(redis.Redis.from_url(results.url(DB), decode_responses=True))
            webhook = {"url": url, "secret": secret}
            scene = Scene(
                app,
                store,
                results,
                Restarted(partial(worker, broker.url(), backend)),
                [Restarted(partial(sending_gateway, results, broker, path, webhook)) for path in PATHS],
                heard,
                choose,
            )
            for each in (scene.worker, *scene.gateways):
                held.callback(each.stop)
            ends = await scene.carry_out(tasks, strikes)
            for each in scene.gateways:
                await asyncio.to_thread(each.stop)
            return Outcome(ends, heard)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the campaign; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--tasks", type=int, default=2000)
    parser.add_argument("--strikes", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(arguments)
    choose = random.Random(options.seed)
    strikes = [choose.choice(STRIKES) for _ in range(options.strikes)]
    with tempfile.TemporaryDirectory() as folder:
        outcome = asyncio.run(strike_at(options.tasks, strikes, options.seed, Path(folder)))
    print("Killed:", ", ".join(f"{whom} {count}" for whom, count in sorted(Counter(strikes).items())))
    heard = outcome.heard
    print(f"{len(outcome.ends)} tasks ended; {heard.requests} requests, {heard.twice} messages taken again")
    print(*outcome.wrong or ["Each end was told, always under one id."], sep="\n")
    return 1 if outcome.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
