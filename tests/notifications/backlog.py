"""Let thousands of ends be due at once: ``python -m tests.notifications.backlog --ends 10000``.

One sender tells a service of them, while others are due to a service that nobody runs, or that never answers.
Exits with 1 where the first service is told in another order than that of age, or is not told of all.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from collections import defaultdict
from contextlib import closing
from typing import TYPE_CHECKING, NamedTuple

from stack.ports import kept_port
from stack.valkey import Valkey
from taskbeam.notifications.lanes import SLOW
from taskbeam.notifications.members import End, Message
from taskbeam.notifications.post import Post
from tests.support.journal import Journals
from tests.support.receiver import receiving, said
from tests.support.results import client_of, control

from .conftest import DB
from .stage import LONG, sending, staged, until

if TYPE_CHECKING:
    from collections.abc import Sequence

    from taskbeam.notifications.post import Job

#: Every how manieth end is due to the service that nobody runs, too.
DEAD_EACH = 10

#: Ends that are due to a service that answers, behind all those to the one that does not.
BEHIND = 20

OK = said("HTTP/1.1 200 OK\ncontent-length: 2\n\nok")


async def silent(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
    await reader.read()  # until the sender hangs up


class Told(NamedTuple):
    """What was due, in order of age; what the service was told; how many messages to the other had a try."""

    due: list[str]
    told: list[str]
    tries: int


async def tell_beside_a_dead_service(url: str, ends: int) -> Told:
    """Let so many ends be due to a service, and a tenth of them to another, whose port is closed."""
    #: By the target's id, in the order in which each was first sent.
    sent: dict[str, dict[str, None]] = defaultdict(dict)

    class Recorder(Post):
        """Whose turn it is; the network may turn round what is under way at once."""

        async def send(self, job: Job) -> tuple[bool, float]:
            sent[job.target.id].setdefault(job.message.end.task_id)
            return await super().send(job)

    with (
        kept_port() as nobodys,
        Journals(url) as journals,
        closing(client_of(url)) as store,
    ):
        # A service on a machine that is busy would count as slow, which is allowed to cost it the order.
        async with (
            receiving(OK) as receiver,
            staged(url, works=False, slow=float("inf"), post=Recorder) as stage,
        ):
            well = await stage.webhook(receiver)
            dead = await stage.webhook(receiver, url=f"http://dead.example:{nobodys}/", every=False)
            due = []
            # The ids are random, so neither their order nor that in which tasks ended is that of age.
            for age in reversed(range(ends)):
                task = journals.task()
                end = End(task.finish(), task.id)
                store.zadd(control().notify_due, {str(end): age})
                if age % DEAD_EACH == 0:
                    store.zadd(control().notify_due, {str(Message(dead.id, end)): age})
                due.append(task.id)
            async with sending(stage.sender):
                await until(lambda: len(receiver.requests) >= len(sent[well.id]) == ends)
            return Told(due[::-1], list(sent[well.id]), len(sent[dead.id]))


async def tell_behind_a_silent_service(url: str, ends: int) -> Told:
    """Let so many ends be due to a service that never answers, all older than what is due to another."""
    with Journals(url) as journals, closing(client_of(url)) as store:
        async with (
            receiving(silent) as dead,
            receiving(OK) as well,
            staged(url, works=False, total=LONG, slow=SLOW) as stage,
        ):
            to_dead = await stage.webhook(dead, host="dead.example", every=False)
            to_well = await stage.webhook(well, host="well.example", every=False)
            due = []
            for age in range(ends + BEHIND):
                task = journals.task()
                target = to_dead if age < ends else to_well
                message = Message(target.id, End(task.finish(), task.id))
                store.zadd(control().notify_due, {str(message): age})
                if target is to_well:
                    due.append(message.id)
            async with sending(stage.sender):
                await until(lambda: len(well.requests) >= BEHIND)
                tries = len(dead.requests)
            told = [head.partition("webhook-id: ")[2].partition("\r\n")[0] for head, _ in well.requests]
            return Told(due, told, tries)


def main(arguments: Sequence[str] | None = None) -> int:
    """Both; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--ends", type=int, default=10_000)
    ends = parser.parse_args(arguments).ends
    wrong = 0
    with Valkey() as valkey:
        began = time.monotonic()
        order = asyncio.run(tell_beside_a_dead_service(valkey.url(DB), ends))
        in_order = order.told == order.due
        wrong += not in_order
        print(f"{ends} ends were told within {time.monotonic() - began:.0f} s, beside a dead service")
        print("In order of age." if in_order else "The order of age was not kept.")
        behind = asyncio.run(tell_behind_a_silent_service(valkey.url(DB), ends))
        complete = set(behind.told) == set(behind.due)
        wrong += not complete
        print(f"{BEHIND} ends behind {ends} that are due to a silent service:", end=" ")
        print("all were told." if complete else "not all were told.")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
