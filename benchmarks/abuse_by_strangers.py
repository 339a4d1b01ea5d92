"""What honest clients feel while a crowd of strangers holds as many connections as it can.

    python -m benchmarks.abuse_by_strangers [--only KIND] [--quick] [--json FILE]

200 clients, each with a token of its own, follow a task and ask for it. Meanwhile 3,000 strangers, more than
the gateway takes connections, do one thing all the time: they hold idle TCP connections, send heads, bodies
or trailers byte by byte, ask for an upgrade that cannot be, hold sockets without a word, or bring one token
over and over; first from ten addresses, then from one IPv6 /64. Whoever is sent away comes back.

Shown is the 99th percentile of an event's latency, and of a request's, as a ratio to the quiet one. Nobody
may be refused, no event may be lost, and nothing may be left when the strangers have gone.

How it is measured:

- For each kind, quiet and hostile phases of the same length take turns. So whatever else the machine does
  weighs on both. A percentile is that of all phases of one sort together: of 320 events, which each of the
  200 clients hears, and of 1,600 requests. With fewer events, one that is late decides about the 99th
  percentile of them all.
- A phase is watched from when all honest clients have come, each over new connections. In a hostile one the
  strangers are there before them.
- The gateway has a CPU of its own. The other one has the clients, Redis and the strangers, who give way to
  everybody else there (SCHED_IDLE, sched(7)): a stranger is on no machine of ours. That they had the time to
  do what they do is checked, by how many of them came back. Where no figure is judged (``--quick``) they do
  not give way: beside a busy machine they would never be done.
- An event's latency is from its making until a client has found it in what it read.

IPv6 needs a network namespace, which the benchmark makes for itself where it may. Latency is worth a look
only on a machine with nothing else to do.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import subprocess
import sys
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial
from math import inf
from typing import TYPE_CHECKING, NamedTuple

import uvloop

from stack.readiness import UrlAnswers
from tests.support.tokens import KEYS, sign

from . import command, namespace
from .abuse import TARGET, TASK, Publisher, gone, meanwhile
from .abuses.honest import Honest
from .abuses.origins import ORIGINS
from .abuses.strangers import KINDS
from .percentile import percentile
from .recipes.taskbeam import Taskbeam
from .report import Figure, Report
from .server import staged

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    from .recipes.recipe import Site
    from .server import Server

SUMMARY = "abuse by strangers: 99th percentile of latency for honest clients, as a ratio to the quiet run"

#: Events per second of the task that they follow.
RATE = 20

NO_IPV6 = (
    "Not measured from an IPv6 /64: this machine lets nobody make a network namespace (unshare, ip)."
    " tests/gateway/security/test_admission.py holds that it counts as one."
)


class Scale(NamedTuple):
    """How many do it. ``connections`` and ``per_address`` are the gateway's limits.

    ``rounds`` of a quiet and a hostile phase. ``watched``: seconds of a phase, from when all honest clients
    have come. ``returning``: strangers per second who are to come back, of those that were sent away.
    0 where no figure is judged.
    """

    strangers: int
    honest: int
    connections: int
    per_address: int
    rounds: int
    watched: float
    returning: int

    @property
    def give_way(self) -> bool:
        """Whether the strangers have only the CPU time that nobody else wants: some must be left to them."""
        return self.returning > 0


FULL = Scale(
    strangers=3000, honest=200, connections=2000, per_address=400, rounds=4, watched=4.0, returning=50
)
QUICK = Scale(strangers=60, honest=6, connections=60, per_address=12, rounds=1, watched=0.2, returning=0)


@dataclass(frozen=True)
class Guarded(Taskbeam):
    """Our gateway as a stranger meets it: it asks for tokens, and has the limits of the scale."""

    host: str = "127.0.0.1"
    scale: Scale = FULL

    def is_ready(self, site: Site) -> bool:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return UrlAnswers(f"http://{host}:{site.port}{self.ready}")()

    def environment(self, site: Site) -> Mapping[str, str]:
        limits = {
            "TASKBEAM_MAX_CONNECTIONS": str(self.scale.connections),
            "TASKBEAM_MAX_CONNECTIONS_PER_ADDRESS": str(self.scale.per_address),
        }
        who = {"TASKBEAM_AUTH": "tokens", "TASKBEAM_TOKEN_KEYS": KEYS, "TASKBEAM_HOST": self.host}
        return {**super().environment(site), **limits, **who}


class Strangers:
    """A crowd in a process of its own, which comes and goes."""

    def __init__(self, kind: str, origin: str, port: int, scale: Scale) -> None:
        self._scale = scale
        how = [kind, origin, str(port), str(scale.strangers), sign(sub="stranger", tasks=["another"])]
        if scale.give_way:
            how.append("--give-way")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.abuses.strangers", *how],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        #: How many came back per second, in the phase in which they were the fewest.
        self.returned = inf

    @asynccontextmanager
    async def there(self) -> AsyncIterator[None]:
        """They are there until the block ends."""
        await self._told("come")
        began = time.monotonic()
        yield
        took = time.monotonic() - began
        self.returned = min(self.returned, int(await self._told("go")) / took)

    def end(self) -> None:
        self._process.communicate()

    async def _told(self, line: str) -> str:
        """What they answer when that is done."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(line, file=self._process.stdin, flush=True)
        return await asyncio.to_thread(self._process.stdout.readline)


class Phases:
    """All phases of one sort: what honest clients noticed in them, and how busy the gateway was."""

    def __init__(self, server: Server, honest: Honest, watched: float) -> None:
        self.events: list[float] = []
        self.requests: list[float] = []
        self.faults: list[str] = []
        self._server = server
        self._honest = honest
        self._watched = watched
        self._used = self._took = 0.0

    async def add(self) -> None:
        """One more."""
        used, began = self._server.cpu_seconds, time.monotonic()
        felt = await self._honest.work(self._watched)
        self._used += self._server.cpu_seconds - used
        self._took += time.monotonic() - began
        self.events.extend(felt.events)
        self.requests.extend(felt.requests)
        if felt.refused:
            self.faults.append(f"{len(felt.refused)} refused ({felt.refused[0]})")

    @property
    def busy(self) -> float:
        """The gateway's share of its CPU."""
        return self._used / self._took


async def observe(server: Server, origin: str, kinds: Sequence[str], scale: Scale) -> Sequence[Figure]:
    publisher = Publisher(server.redis.port, filling=0)
    await publisher.begin()
    figures: list[Figure] = []
    async with meanwhile(publisher.run_at(RATE)):
        tokens = [sign(sub=f"honest-{number}", tasks=[TASK]) for number in range(scale.honest)]
        honest = Honest(ORIGINS[origin], server.port, TASK, tokens)
        await honest.work(scale.watched)  # imports, connections, caches
        gc.freeze()  # the clients' own pauses are not what is asked for
        for kind in kinds:
            case = f"{kind}, {origin}"
            command.progress(case)
            figures += await compare(server, case, honest, Strangers(kind, origin, server.port, scale), scale)
    return figures


async def compare(
    server: Server, case: str, honest: Honest, strangers: Strangers, scale: Scale
) -> Sequence[Figure]:
    """The two figures of one kind."""
    quiet, hostile = (Phases(server, honest, scale.watched) for _ in range(2))
    try:
        for _ in range(scale.rounds):
            await quiet.add()
            async with strangers.there():
                await hostile.add()
            if not await gone(server, before=0):
                hostile.faults.append("connections are left behind")
    finally:
        strangers.end()
    if strangers.returned < scale.returning:
        hostile.faults.append("the strangers had no time")
    fault = ", ".join([*quiet.faults, *hostile.faults])
    remark = (
        f"gateway {quiet.busy:.0%} and {hostile.busy:.0%} busy, {strangers.returned:.0f} came back a second"
    )
    figures = (
        _figure(case, "event", quiet.events, hostile.events, fault),
        _figure(case, "request", quiet.requests, hostile.requests, fault),
    )
    return [replace(figure, remark=f"{figure.remark}, {remark}") for figure in figures]


def _figure(case: str, subject: str, quiet: Sequence[float], now: Sequence[float], fault: str) -> Figure:
    if not quiet or not now:
        return Figure(case=case, subject=subject, value=0.0, unit="ms", ours=True, fault=fault or "none came")
    before, late = percentile(quiet, 99), percentile(now, 99)
    return Figure(
        case=case,
        subject=subject,
        value=late * 1000,
        unit="ms",
        ratio=late / before,
        target=TARGET,
        ours=True,
        fault=fault,
        remark=f"quiet {before * 1000:.1f} ms",
    )


def measure(kinds: Sequence[str], quick: bool) -> Report:
    scale = QUICK if quick else FULL
    figures: list[Figure] = []
    for origin, where in ORIGINS.items():
        if ":" in where.host and not namespace.is_inside():
            continue
        with staged([Guarded(host=where.host, scale=scale)]) as (server,):
            figures += uvloop.run(observe(server, origin, kinds, scale))
    notes = [] if namespace.is_inside() else [NO_IPV6]
    return Report([replace(figure, target=None) for figure in figures] if quick else figures, notes)


if __name__ == "__main__":
    namespace.enter("benchmarks.abuse_by_strangers")
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--only", action="append", choices=KINDS, metavar="KIND", help="may be repeated")
    chosen = parser.parse_known_args()[0].only or list(KINDS)
    sys.exit(command.run("abuse_by_strangers", SUMMARY, partial(measure, chosen), parser))
