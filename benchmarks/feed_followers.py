"""What a gateway pays for the followers of one feed, whose tasks tell a thousand events a second.

    python -m benchmarks.feed_followers [--quick] [--json FILE] [--markdown]

A hundred tasks of one owner tell one after the other; each tenth event is a transition. All followers are
event streams of the owner's feed. What is read is the CPU time of the gateway's process, kernel included;
Redis, the publisher and the clients run apart, on another CPU where there is one.
"""

from __future__ import annotations

import asyncio
import sys
import time
from functools import partial
from itertools import cycle
from typing import TYPE_CHECKING, NamedTuple, cast

from taskbeam.journal.entry import Entry
from taskbeam.journal.keys import task_keys
from taskbeam.journal.limits import Limits
from taskbeam.journal.scripts import APPEND

from . import command
from .load.payload import Payload, new_task_id
from .load.publisher import RedisPublisher
from .load.runner import run_load
from .peers import OURS
from .recipes.taskbeam import GREETING, TTL
from .report import Figure, Report
from .roster import Roster
from .server import staged

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .load.publisher import Command
    from .server import Server

SUMMARY = "feeds: CPU of a gateway whose clients follow one feed"

OWNER = "ada"

#: What we promise: a part of a core, for all followers together.
LIMIT_PERCENT = 25.0

TASKS = 100

#: Of so many events of a task one is a transition.
TRANSITION = 10

#: Seconds that the followers may take until they are live, and until they have heard the last event.
PATIENCE = 30.0

#: What each event of a feed has once, and what each transition has.
_FEED, _ROLLUP = b'"feed":', b'"rollup":'


class Scale(NamedTuple):
    """``rate``: events per second, for so many ``seconds``."""

    followers: Sequence[int]
    rate: int
    seconds: float
    rounds: int


FULL = Scale((1, 500), rate=1000, seconds=6.0, rounds=3)
QUICK = Scale((1, 5), rate=100, seconds=0.5, rounds=1)


class Follower(asyncio.Protocol):
    """An event stream whose events are counted, and not looked at."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._transport: asyncio.Transport | None = None
        self._rest = b""
        self.opened = asyncio.get_running_loop().create_future()
        self.heard = self.transitions = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        request = f"GET {self._path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/event-stream\r\n\r\n"
        self._transport.write(request.encode())

    def data_received(self, data: bytes) -> None:
        if not self.opened.done():
            self.opened.set_result(None)
        # No more is kept than could be the beginning of either.
        data, kept = self._rest + data, len(self._rest)
        self.transitions += data.count(_ROLLUP)
        self.heard += data.count(_FEED, max(0, kept - len(_FEED) + 1))
        self._rest = data[-len(_ROLLUP) + 1 :]

    def close(self) -> None:
        """Drop the connection."""
        if self._transport is not None:
            self._transport.abort()


def _command(event: Payload) -> Command:
    """Progress of a task that has an owner, or a transition of it."""
    transitions = event.seq % TRANSITION == 1
    entry = Entry(
        keys=task_keys(event.task_id),
        task_id=event.task_id,
        type="state" if transitions else "progress",
        members={"progress": '{"current":3,"total":5,"percent":60.0,"message":"Rendering charts"}'},
        ts=event.ts,
        state=f"PART-{event.seq}" if transitions else "",
        limits=Limits(expires=TTL),
        labels={"owner": OWNER},
        name="reports.generate",
    )
    keys = entry.script_keys()
    return ("EVALSHA", APPEND.digest, len(keys), *keys, *entry.script_args())


class Round(NamedTuple):
    """``part``: of a core, that the gateway used while the events came. ``heard``: of all that was told."""

    part: float
    heard: float
    fault: str


async def _round(server: Server, followers: int, scale: Scale) -> Round:
    publisher = await RedisPublisher.connect(server.redis.port, _command, GREETING)
    turns = cycle([new_task_id() for _ in range(TASKS)])
    clients = [Follower(f"/feeds/owner:{OWNER}/events?tail=0") for _ in range(followers)]
    try:
        for client in clients:
            await asyncio.get_running_loop().create_connection(
                partial(_itself, client), "127.0.0.1", server.port
            )
        async with asyncio.timeout(PATIENCE):
            await asyncio.gather(*(client.opened for client in clients))
        events = round(scale.rate * scale.seconds)
        used, begun = server.cpu_seconds, time.monotonic()
        for number in range(events):
            await asyncio.sleep(begun + number / scale.rate - time.monotonic())
            publisher.publish(Payload.now(next(turns), number // TASKS + 1))
        await publisher.answered()
        transitions = len([number for number in range(events) if number // TASKS % TRANSITION == 0])
        fault = "" if await _heard(clients, transitions) else "not every follower heard every transition once"
        # By how long it should have taken: a machine that is busy with others is late.
        part = (server.cpu_seconds - used) / scale.seconds
        return Round(part, sum(client.heard for client in clients) / (followers * events), fault)
    finally:
        publisher.close()
        for client in clients:
            client.close()


def _itself(client: Follower) -> Follower:
    return client


async def _heard(clients: Sequence[Follower], transitions: int) -> bool:
    """Whether each has heard all transitions, each of them once."""
    end = time.monotonic() + PATIENCE
    while any(each.transitions < transitions for each in clients) and time.monotonic() < end:  # noqa: ASYNC110
        await asyncio.sleep(0.1)
    return all(client.transitions == transitions for client in clients)


def measure(quick: bool) -> Report:
    """One follower and many take turns on the same gateway."""
    scale = QUICK if quick else FULL
    rounds: dict[int, list[Round]] = {followers: [] for followers in scale.followers}
    roster = Roster.call((OURS,), obtain=False)
    with staged([OURS]) as [server]:
        for _ in range(scale.rounds):
            for followers in scale.followers:
                command.progress(f"{followers} followers")
                rounds[followers].append(run_load(_round(server, followers, scale)))
    most = [each.part for each in rounds[max(scale.followers)]]
    limit = None if quick else LIMIT_PERCENT
    figures = [_figure(scale.rate, followers, rounds[followers], most, limit) for followers in rounds]
    return Report(figures, roster.notes)


def _figure(
    rate: int, followers: int, rounds: Sequence[Round], most: Sequence[float], limit: float | None
) -> Figure:
    return Figure.of_rounds(
        rounds=[each.part for each in rounds],
        scale=100,
        ours_in_them=most,
        case=f"{rate:,} events/s",
        conditions={"followers": followers, "rate": rate},
        subject=f"{followers} follower{'s' if followers > 1 else ''}",
        unit="% of a core",
        ours=True,
        limit=limit,
        fault=next((each.fault for each in rounds if each.fault), ""),
        remark=f"{min(each.heard for each in rounds):.0%} of all events heard",
    )


if __name__ == "__main__":
    sys.exit(command.run("feed_followers", SUMMARY, measure))
