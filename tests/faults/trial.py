"""One fault on one stage: tasks speak, clients follow, the fault strikes, and everything is counted."""

from __future__ import annotations

import time
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import uuid4
from zlib import crc32

from tests.support.waiting import wait_until

from .checker import Findings, agreed, check
from .clients.audience import Audience
from .clients.client import TRANSPORTS
from .stage import POOLS, Stage

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from .fault import Fault

#: Words at once, and seconds until the next: a steady speaker, one that speaks in bursts, and a slow one.
RHYTHMS = ((1, 0.3), (16, 1.5), (1, 4.0))

TASKS = 8

#: How many of the tasks end while the fault lasts; the others end afterwards.
ENDING_MEANWHILE = 2

#: The part of the clients that goes when the fault strikes, and comes back at some time while it lasts.
LEAVING = 0.25

#: Seconds from the end of the fault to the end of the tasks.
SETTLE = 2.0

#: Seconds that clients have to begin, and to come to an end.
DEADLINE = 120.0

#: Bytes that a slow client reads for each byte of an event: the transport has its own, and a heartbeat.
_FRAMED = 1.5


@dataclass(frozen=True)
class Crowd:
    """How many clients, and the seed of all that they do at random."""

    clients: int
    seed: int


@dataclass(frozen=True)
class Outcome:
    """What the clients of each transport met of a fault."""

    fault: Fault
    met: dict[str, Findings]

    @property
    def broken(self) -> list[str]:
        """What should not have been: `lost 3`, `expired 2`."""
        total = Findings()
        for findings in self.met.values():
            total.add(findings)
        return total.beyond(self.fault.may)


def attempt(fault: Fault, crowd: Crowd, folder: Path) -> Outcome:
    """On a stage of its own."""
    with Stage(folder, fault.plan) as stage:
        return strike(stage, fault, crowd)


def strike(stage: Stage, fault: Fault, crowd: Crowd) -> Outcome:
    """On a stage that is there; it may be struck again."""
    # An owner's feed keeps many tasks: each crowd has its own, which expires with them.
    owner, begin, meanwhile, afterwards = (uuid4().hex for _ in range(4))
    ends = [meanwhile] * ENDING_MEANWHILE + [afterwards] * (TASKS - ENDING_MEANWHILE)
    tasks = [
        stage.send(owner, begin, end, *RHYTHMS[index % len(RHYTHMS)], POOLS[index % len(POOLS)])
        for index, end in enumerate(ends)
    ]
    with Audience(stage.ports, stage.headers(tasks=tasks), crowd.seed) as audience:
        for index in range(crowd.clients):
            transport = list(TRANSPORTS)[index % len(TRANSPORTS)]
            audience.follow(tasks[index // len(TRANSPORTS) % TASKS], transport, fault.rate)
        wait_until(lambda: _all_heard_something(audience), lambda: late(audience), DEADLINE)
        stage.ring(begin)
        wait_until(lambda: all_heard_a_word(audience), lambda: late(audience), DEADLINE)
        audience.leave(LEAVING, fault.lasts)
        with fault.inflict(stage, audience):
            time.sleep(fault.lasts / 2)
            stage.ring(meanwhile)
            time.sleep(fault.lasts / 2)
        time.sleep(SETTLE)
        stage.ring(afterwards)
        until_over(audience, _deadline(stage, tasks, fault))
        return Outcome(fault, count(stage, audience))


def _all_heard_something(audience: Audience) -> bool:
    return all(account.heard for account in audience.accounts)


def all_heard_a_word(audience: Audience) -> bool:
    """Whether the tasks have said something to each client."""
    return all(any(heard.word for heard in account.heard) for account in audience.accounts)


def late(audience: Audience) -> str:
    """For whom the clients still wait."""
    silent = [account for account in audience.accounts if not any(heard.word for heard in account.heard)]
    return f"the first word; {len(silent)} clients have heard none, such as {silent[:1]}"


def _deadline(stage: Stage, tasks: Sequence[str], fault: Fault) -> float:
    """Seconds until all clients have an end. A slow one may have to read all that was ever told of its task.

    The buffers between take megabytes. So it is behind by hours, if it must be, before it misses anything.
    """
    if fault.rate is None:
        return DEADLINE
    return DEADLINE + _FRAMED * max(stage.bytes_told(task_id) for task_id in tasks) / fault.rate


def until_over(audience: Audience, seconds: float) -> None:
    """Return when each client has an end, or the time is over."""
    until = time.monotonic() + seconds
    while not audience.over and time.monotonic() < until:
        time.sleep(0.1)


def count(stage: Stage, audience: Audience) -> dict[str, Findings]:
    """By transport."""
    by_task = defaultdict(list)
    for account in audience.accounts:
        by_task[account.task_id].append(account)
    met = {transport: Findings() for transport in TRANSPORTS}
    for task_id, accounts in by_task.items():
        runs = stage.ledger.runs(task_id)
        journal = ((event_id, crc32(body)) for event_id, body in stage.journal(task_id))
        bodies = agreed(journal, accounts)
        for account in accounts:
            met[account.transport].add(check(account, runs, bodies))
    return met
