"""Stop one gateway under one mix of clients, and measure how long it takes and what each is told."""

from __future__ import annotations

import random
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from taskbeam.journal.away import REDIS_AWAY
from tests.support.gateway import PATHS, gateway
from tests.support.journal import Journals
from tests.support.results import server_of_results

from .clients import KINDS, Site, UntruthError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from concurrent.futures import Future
    from contextlib import AbstractContextManager

    from stack.valkey import Valkey
    from tests.support.gateway import Gateway
    from tests.support.journal import Task
    from tests.support.redis_cluster import Cluster

#: Bytes of an event's data, some of them of more than a client's buffer takes.
SIZES = (10, 10, 10, 20_000)

MOST_CLIENTS = 40


@dataclass(frozen=True)
class Mix:
    """Which clients are there. ``leave``: all of them do their part at once.

    ``silent``: when the gateway is told to stop, Redis stops to answer, and connections to it stay open.
    """

    seed: int
    path: str
    kinds: tuple[str, ...]
    after: float
    silent: bool = False

    @classmethod
    def of(cls, seed: int, *, silent: bool = False) -> Mix:
        """The mix of a seed; every other one has only clients that leave when they are told."""
        chance = random.Random(seed)
        able = [name for name, kind in KINDS.items() if kind.leaves or seed % 2]
        kinds = chance.choices(able, k=chance.randint(1, MOST_CLIENTS))
        return cls(seed, chance.choice(PATHS), tuple(kinds), chance.uniform(0.0, 0.5), silent)

    @property
    def leave(self) -> bool:
        return all(KINDS[name].leaves for name in self.kinds)


@dataclass
class Stopped:
    """``seconds`` from the signal to the end of the process; ``told``: what each client was told, by kind."""

    mix: Mix
    seconds: float
    told: list[tuple[str, str]] = field(default_factory=list)
    untrue: list[str] = field(default_factory=list)


def stop_under(mix: Mix, valkey: Valkey, shutdown_timeout: int, limit: float) -> Stopped:
    """Start a gateway, connect the mix, and send SIGTERM.

    Raises `ProcessFailedError` or `TimeoutExpired` where the process has not ended after ``limit`` seconds.
    """
    chance = random.Random(mix.seed)
    with (
        Journals(valkey.url(1)) as journals,
        ThreadPoolExecutor(MOST_CLIENTS + 1) as pool,
        _busy_gateway(valkey, mix.path, shutdown_timeout) as served,
    ):
        tasks = [journals.task() for _ in range(3)]
        sites = [Site(served, chance.choice(tasks).id) for _ in mix.kinds]
        ends = list(pool.map(lambda kind, site: KINDS[kind].open(site), mix.kinds, sites))
        waits = [pool.submit(end) for end in ends]
        with _growing(tasks, chance):
            time.sleep(mix.after)
            with _silence(valkey, server_of_results(valkey)) if mix.silent else nullcontext():
                began = time.monotonic()
                served.process.send_signal(signal.SIGTERM)
                served.process.wait(limit)
                stopped = Stopped(mix, time.monotonic() - began)
        for kind, wait in zip(mix.kinds, waits, strict=True):
            _note(stopped, kind, wait)
        return stopped


def _busy_gateway(valkey: Valkey, path: str, shutdown_timeout: int) -> AbstractContextManager[Gateway]:
    """Background work falls due all the time, so that a shutdown falls on some of it."""
    return gateway(
        valkey.url().removesuffix("/0"),
        path,
        shutdown_timeout=shutdown_timeout,
        redis_timeout=5,  # for so long whoever sends a task is waited for while Redis is silent
        watchdog_interval=0.02,
        waiting_interval=0.02,
        heartbeat=30,  # the clients answer no pings
        dashboard=1,
    )


def _note(stopped: Stopped, kind: str, wait: Future[str]) -> None:
    try:
        stopped.told.append((kind, wait.result()))
    except UntruthError as error:
        stopped.untrue.append(f"{kind}: {error}")


@contextmanager
def _silence(*servers: Valkey | Cluster) -> Iterator[None]:
    for server in servers:
        server.pause()
    try:
        yield
    finally:
        for server in servers:
            server.resume()


@contextmanager
def _growing(tasks: list[Task], chance: random.Random) -> Iterator[None]:
    """The tasks go on while the gateway stops."""
    over = threading.Event()

    def grow() -> None:
        while not over.wait(chance.uniform(0.0, 0.05)):
            with suppress(*REDIS_AWAY):  # it is silent
                chance.choice(tasks).append("x" * chance.choice(SIZES))

    writer = threading.Thread(target=grow)
    writer.start()
    try:
        yield
    finally:
        over.set()
        writer.join()
