"""From `update_state` in a Celery worker to the client's socket: latency, and what the servers spend on it.

    python -m benchmarks.end_to_end [--quick] [--json FILE] [--markdown]

A Celery worker with 1, 10 or 50 processes runs a job in each, which reports its progress at a steady rate; a
client follows each job. Ours is our backend and our gateway; beside it stand stock Celery with the usual
recipe, which forwards what that backend publishes, and with polling.
"""

from __future__ import annotations

import asyncio
import re
import sys
from dataclasses import dataclass, field
from itertools import product
from typing import TYPE_CHECKING, ClassVar, NamedTuple, get_args
from uuid import uuid4

import redis

from stack.process import ManagedProcess
from stack.valkey import Valkey

from . import command, machine
from .jobs import GATE, JOB, jobs_app
from .load.client import EventSourceClient, PollingClient, Transport, WebSocketClient
from .load.runner import run_load
from .load.sockets import connect
from .load.tally import Tally
from .recipes.polling import Polling
from .recipes.redis_py import RedisPy
from .recipes.taskbeam import DATABASE, Taskbeam
from .report import Figure, Report
from .roster import Roster
from .server import serving

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .load.client import Client
    from .recipes.recipe import Recipe
    from .server import Server

SUMMARY = "end to end: from update_state in a worker to the client, CPU of the server per event"

#: Seconds until a worker's processes must have taken their jobs, and until the last event must be there.
PATIENCE = 90.0

#: The progress that a job tells, wherever a backend puts it.
PROGRESS = re.compile(rb'(?P<id>)"current": ?(?P<seq>\d+).*?"sent": ?(?P<ts>\d+\.\d+)')


class _Socket(WebSocketClient):
    __slots__ = ()
    event: ClassVar[re.Pattern[bytes]] = PROGRESS


class _Stream(EventSourceClient):
    __slots__ = ()
    event: ClassVar[re.Pattern[bytes]] = PROGRESS


class _Polls(PollingClient):
    __slots__ = ()
    event: ClassVar[re.Pattern[bytes]] = PROGRESS


_CLIENTS: Mapping[type[Client], type[Client]] = {
    WebSocketClient: _Socket,
    EventSourceClient: _Stream,
    PollingClient: _Polls,
}

OURS, USUAL, POLLING = Taskbeam(), RedisPy(prefix="celery-task-meta-"), Polling()


class Case(NamedTuple):
    """Worker processes, what each tells, and how often per second."""

    processes: int
    events: int
    rate: float

    @property
    def name(self) -> str:
        return f"{self.processes} jobs at {self.rate:g} events/s"


FULL = tuple(Case(processes, events=100, rate=20) for processes in (1, 10, 50))
QUICK = (Case(2, events=5, rate=20),)
FULL_ROUNDS, QUICK_ROUNDS = 3, 1


@dataclass(slots=True)
class Journey:
    """Per round: CPU seconds of the server, and of the worker, per event; latencies; what went wrong."""

    server: list[float] = field(default_factory=list)
    worker: list[float] = field(default_factory=list)
    latencies: list[float] = field(default_factory=list)
    lost: int = 0
    skipped: int = 0

    @property
    def fault(self) -> str:
        faults = {"lost or out of order": self.lost, "skipped": self.skipped}
        return ", ".join(f"{number} {kind}" for kind, number in faults.items() if number)


def measure(quick: bool) -> Report:
    """Every case over every transport; each server has a worker and a Redis of its own, and its turn."""
    cases, rounds = (QUICK, QUICK_ROUNDS) if quick else (FULL, FULL_ROUNDS)
    recipes: Sequence[Recipe] = (OURS, USUAL) if quick else (OURS, USUAL, POLLING)
    roster = Roster.call(recipes, obtain=not quick)
    figures: list[Figure] = []
    for case, transport in product(cases, get_args(Transport)):
        command.progress(f"{case.name}, {transport}")
        speaking = roster.speaking(transport, recipes)
        journeys = {recipe: Journey() for recipe in speaking}
        for _ in range(rounds):
            for recipe in speaking:
                _round(recipe, case, transport, journeys[recipe])
        figures += _figures(f"{case.name}, {transport}", journeys)
    return Report(figures, roster.notes)


def _round(recipe: Recipe, case: Case, transport: Transport, journey: Journey) -> None:
    cpus = machine.Cpus.divide()
    with Valkey() as valkey, serving([recipe], valkey, cpus.measured) as [server]:
        # Database 0 has the broker, and stock Celery's results.
        backend = f"taskbeam+{valkey.url(DATABASE)}" if recipe == OURS else valkey.url()
        argv = (sys.executable, "-m", "benchmarks.jobs", valkey.url(), backend, str(case.processes))
        worker = ManagedProcess("worker", argv)
        try:
            for pid in (valkey.pid, worker.pid):
                machine.pin(pid, cpus.rest)
            run_load(_follow(server, worker, backend, case, transport, journey))
        finally:
            worker.kill()


async def _follow(
    server: Server, worker: ManagedProcess, backend: str, case: Case, transport: Transport, journey: Journey
) -> None:
    recipe, tally = server.recipe, Tally()
    broker = redis.Redis(port=server.site.redis_port)
    app = jobs_app(f"redis://127.0.0.1:{server.site.redis_port}/0", backend)
    tasks = [str(uuid4()) for _ in range(case.processes)]
    kind = _CLIENTS[recipe.clients[transport]]
    for task_id in tasks:
        app.send_task(JOB, (case.events, case.rate), task_id=task_id)
    clients = [kind(recipe.follow(transport, task_id), tally) for task_id in tasks]
    await asyncio.gather(*(connect(client, server.port) for client in clients))
    await asyncio.gather(*(client.opened() for client in clients))
    await _until_all_wait(broker, worker, case.processes)
    before = server.cpu_seconds, machine.cpu_seconds(worker.pid)
    broker.rpush(GATE, *tasks)
    events = case.processes * case.events
    await tally.reach(events, case.events / case.rate + PATIENCE)
    after = server.cpu_seconds, machine.cpu_seconds(worker.pid)
    journey.server.append((after[0] - before[0]) / events)
    journey.worker.append((after[1] - before[1]) / events)
    journey.latencies += tally.latencies
    for client in clients:
        journey.lost += case.events - client.last + client.faults
        journey.skipped += client.skipped if isinstance(client, PollingClient) else 0
        client.close()


async def _until_all_wait(broker: redis.Redis, worker: ManagedProcess, processes: int) -> None:
    """Every job has begun when as many connections as there are jobs wait at the gate."""
    async with asyncio.timeout(PATIENCE):
        while sum(client["cmd"] == "blpop" for client in broker.client_list()) < processes:
            worker.check()
            await asyncio.sleep(0.1)


def _figures(case: str, journeys: Mapping[Recipe, Journey]) -> list[Figure]:
    return [
        Figure.of_rounds(
            rounds=getattr(journey, side),
            scale=1e6,
            ours_in_them=getattr(journeys[OURS], side),
            latencies=journey.latencies if side == "server" else (),
            case=case if side == "server" else f"{case}, worker",
            subject="taskbeam" if recipe == OURS else f"celery, {recipe.name}",
            unit="µs/event",
            ours=recipe.ours,
            fault=journey.fault if side == "server" else "",
        )
        for side in ("server", "worker")
        for recipe, journey in journeys.items()
    ]


if __name__ == "__main__":
    sys.exit(command.run("end_to_end", SUMMARY, measure))
