"""What the other clients feel while somebody misbehaves: latency, and what is left of it afterwards.

    python -m benchmarks.abuse [--quick] [--json FILE]

Well-behaved clients follow a task over WebSockets, whose events carry the time of their publishing.
Meanwhile, in turn: nothing; 2,000 handshakes that never end; 2,000 sockets that never read; one client
that sends 10 MB/s of junk. LastReport is the 99th percentile of the latency, as a ratio to the quiet run, how
busy the gateway was, and by how much its memory grew. When the others have left, their connections are
gone, too. Latency is worth a look only on a machine with nothing else to do.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from itertools import count
from math import inf
from typing import TYPE_CHECKING, NamedTuple

import psutil
import redis.asyncio as redis
from websockets.asyncio.client import connect

from taskbeam.journal.entry import Entry
from taskbeam.journal.keys import task_keys
from taskbeam.journal.scripts import APPEND
from tests.support.ending import end

from . import command
from .abuses.__main__ import ABUSES
from .recipes.taskbeam import DATABASE, Taskbeam
from .report import Figure, Report
from .server import staged

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Coroutine, Iterator, Sequence

    from .server import Server

SUMMARY = "abuse: 99th percentile of an event's latency for the other clients, as a ratio to the quiet run"

TASK = "followed"
CLIENTS = 20
RATE = 50  # events per second
FLOOD = 3  # one in so many, of another task

#: What we promise: at most twice the latency, and so many bytes more for each client of a crowd.
TARGET = 2.0
MEMORY = 128 * 1024

#: Seconds until a well-behaved client is connected, and until connections that were dropped are gone.
OPEN, GONE = 60.0, 60.0

#: Seconds without an event for some client, after which something is broken.
SILENCE = 60.0


class Scale(NamedTuple):
    """How much is done: those who misbehave at once, and bytes of an event that they do not read.

    Times in seconds: in which these events fill what lies between, in which the others catch up with the
    journal, and in which it is seen how late they are told.
    """

    crowd: int
    filling: int
    full: float
    catch_up: float
    watched: float


FULL = Scale(crowd=2000, filling=4000, full=6.0, catch_up=2.0, watched=8.0)
QUICK = Scale(crowd=300, filling=16_000, full=1.5, catch_up=0.5, watched=0.5)


class Publisher:
    """Appends events to the followed task, and large ones to that of those who never read."""

    def __init__(self, port: int, filling: int) -> None:
        self._redis = redis.Redis(port=port, db=DATABASE)
        self._filling = "x" * filling

    async def begin(self) -> None:
        """Make the tasks known."""
        await self._redis.script_load(APPEND.text.decode())
        for task_id in (TASK, "flood"):
            await self.publish(task_id, "")

    async def run(self) -> None:
        for number in count():
            await self.publish(TASK, "")
            if number % FLOOD == 0:
                await self.publish("flood", self._filling)
            await asyncio.sleep(1 / RATE)

    async def run_at(self, rate: float) -> None:
        """So many events per second, of the followed task alone."""
        while True:
            await self.publish(TASK, "")
            await asyncio.sleep(1 / rate)

    async def publish(self, task_id: str, filling: str) -> None:
        data = json.dumps({"at": time.time(), "filling": filling})
        entry = Entry(
            keys=task_keys(task_id), task_id=task_id, type="data", state="STARTED", members={"data": data}
        )
        keys = entry.script_keys()
        await self._redis.evalsha(APPEND.digest, len(keys), *keys, *entry.script_args())


@asynccontextmanager
async def meanwhile(work: Coroutine[None, None, None]) -> AsyncIterator[None]:
    """It goes on until the block ends; where it fails, the block ends too, and waits for nothing more."""
    async with asyncio.TaskGroup() as group:
        going = group.create_task(work)
        yield
        await end(going)


async def latencies(port: int, catch_up: float, seconds: float) -> list[float]:
    """Of each event for each client, in seconds, once they have all caught up with the journal."""
    took: list[float] = []
    began = time.time() + catch_up
    deadline = began + seconds

    async def follow() -> None:
        address = f"ws://127.0.0.1:{port}/tasks/{TASK}/ws"
        async with connect(address, open_timeout=OPEN, ping_interval=None, max_queue=None) as socket:
            async for text in socket:
                at = json.loads(text)["data"]["at"]
                if time.time() > began:
                    took.append(time.time() - at)
                if time.time() > deadline:
                    return

    async with asyncio.timeout(OPEN + catch_up + seconds + SILENCE):
        await asyncio.gather(*(follow() for _ in range(CLIENTS)))
    return took


@contextmanager
def abused(name: str, port: int, scale: Scale) -> Iterator[None]:
    """Somebody misbehaves until the block ends."""
    how = (name, str(port), "flood", str(scale.crowd), str(scale.full))
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.abuses", *how],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    process.stdout.readline()
    try:
        yield
    finally:
        process.communicate()


def connections(server: Server) -> int:
    """Established ones, of clients."""
    found = psutil.Process(server.processes[0].pid).net_connections("tcp")
    return sum(each.status == psutil.CONN_ESTABLISHED and each.laddr.port == server.port for each in found)


async def gone(server: Server, before: int) -> bool:
    """Whether there are soon no more connections than before."""
    for _ in range(round(GONE / 0.1)):
        if connections(server) <= before:
            return True
        await asyncio.sleep(0.1)
    return False


async def observe(server: Server, scale: Scale) -> Sequence[Figure]:
    publisher = Publisher(server.redis.port, scale.filling)
    await publisher.begin()
    async with meanwhile(publisher.run()):
        return await compare(server, scale)


async def compare(server: Server, scale: Scale) -> Sequence[Figure]:
    """A figure for each of those who misbehave, and for the quiet run before them."""
    process = psutil.Process(server.processes[0].pid)
    await latencies(server.port, scale.catch_up, 1.0)  # imports, connections, caches
    figures: list[Figure] = []
    quiet = 0.0
    for name in ABUSES:
        before, memory = connections(server), process.memory_info().rss
        with abused(name, server.port, scale):
            used, began = server.cpu_seconds, time.monotonic()
            took = sorted(await latencies(server.port, scale.catch_up, scale.watched))
            busy = (server.cpu_seconds - used) / (time.monotonic() - began)
            grown = process.memory_info().rss - memory
        late = took[int(0.99 * len(took))] if took else inf
        quiet = quiet or late
        faults = ["connections are left behind"] if not await gone(server, before) else []
        faults += [] if took else ["nobody was told anything"]
        faults += ["too much memory"] if grown > MEMORY * scale.crowd else []
        figures.append(
            Figure(
                case=name,
                subject="taskbeam",
                value=late * 1000,
                unit="ms",
                ratio=late / quiet,
                target=TARGET,
                ours=True,
                fault=", ".join(faults),
                remark=f"gateway {busy:.0%} busy, {grown / 2**20:+.0f} MiB",
            )
        )
    return figures


def measure(quick: bool) -> Report:
    with staged([Taskbeam()]) as (server,):
        figures = asyncio.run(observe(server, QUICK if quick else FULL))
    return Report([replace(figure, target=None) for figure in figures] if quick else figures)


if __name__ == "__main__":
    sys.exit(command.run("abuse", SUMMARY, measure))
