"""Rolling restarts: each gateway is stopped and started again, one after the other, many times.

    python -m tests.faults.deploys [--clients N] [--times N] [--seed S]

Three gateways, 1,000 clients of all transports, and tasks that tell some 500 events a second. Counted
is what each client was told, as in the fault campaign, and when those come back whose gateway went: the
others should not have all the work at once. Exits with 1 if a promise was broken.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import httpx

from tests.support.gateway import PATHS
from tests.support.waiting import wait_until

from .checker import Findings
from .clients.audience import Audience
from .clients.client import TRANSPORTS
from .plan import Plan
from .report import head, row
from .stage import Stage
from .trial import DEADLINE, SETTLE, all_heard_a_word, count, late, until_over

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .account import Account

CLIENTS, TIMES = 1000, 10

#: Tasks, and seconds from one word of each to the next: each word is two events, what it says and progress.
TASKS, PAUSE = 125, 0.5

#: Seconds that a gateway has to send its clients away.
DRAIN = 5.0

#: The part of those who come back that may do so within any one second.
MOST = 0.2

#: All served by our server, and one of them as any other server would.
PLAN = Plan(gateways=(*PATHS, PATHS[0]), threads=TASKS, drain=DRAIN)


def main() -> int:
    """Run the campaign."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.deploys", description="Rolling restarts.")
    parser.add_argument("--clients", type=int, default=CLIENTS, metavar="N")
    parser.add_argument("--times", type=int, default=TIMES, metavar="N", help="restarts of each gateway")
    parser.add_argument("--seed", type=int, default=random.randrange(1_000_000), metavar="S")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="deploys-") as folder, Stage(Path(folder), PLAN) as stage:
        met, shares = deploy(stage, options.clients, options.times, options.seed)
    print(f"\n{head()}")
    total = Findings()
    for transport, found in met.items():
        print(row("rolling restart", transport, found))
        total.add(found)
    broken = total.beyond(frozenset())
    if max(shares) > MOST:
        broken.append(f"{max(shares):.0%} came back within one second")
    print(f"\n{', '.join(broken) or 'Nothing was broken.'} Seed {options.seed}.")
    return int(bool(broken))


def deploy(stage: Stage, clients: int, times: int, seed: int) -> tuple[dict[str, Findings], list[float]]:
    """What the clients of each transport met; and of each rolling restart, the part of its busiest second."""
    owner, begin, end = (uuid4().hex for _ in range(3))
    tasks = [stage.send(owner, begin, end, 1, PAUSE, "threads") for _ in range(TASKS)]
    with Audience(stage.ports, stage.headers(owner=owner), seed) as audience:
        for index in range(clients):
            audience.follow(tasks[index % TASKS], list(TRANSPORTS)[index % len(TRANSPORTS)])
        stage.ring(begin)
        wait_until(lambda: all_heard_a_word(audience), lambda: late(audience), DEADLINE)
        shares = [_restart_all(stage, audience, number) for number in range(1, times + 1)]
        stage.ring(end)
        until_over(audience, DEADLINE)
        return count(stage, audience), shares


def _restart_all(stage: Stage, audience: Audience, number: int) -> float:
    began = time.monotonic()
    for port, post in zip(stage.ports, stage.gateways, strict=True):
        post.stop()
        post.start()
        wait_until(lambda port=port: _is_ready(port), lambda: "the gateway that was started")  # type: ignore[misc]
    time.sleep(SETTLE)
    back = came_back(audience.accounts, began)
    share = busiest_second(back) / len(back) if back else 0.0
    print(f"{number}: {len(back)} came back, {share:.0%} of them within one second", flush=True)
    return share


def _is_ready(port: int) -> bool:
    return httpx.get(f"http://127.0.0.1:{port}/readyz", timeout=60).status_code == httpx.codes.OK


def came_back(accounts: Sequence[Account], since: float) -> list[float]:
    """When clients asked again whose connection the gateway had ended. A poll is no new connection."""
    return sorted(at for account in accounts for at in account.came_back if at >= since)


def busiest_second(moments: Sequence[float]) -> int:
    """The most of these moments that lie within one second; they are in order."""
    first = most = 0
    for place, moment in enumerate(moments):
        while moment - moments[first] > 1.0:
            first += 1
        most = max(most, place - first + 1)
    return most


if __name__ == "__main__":
    sys.exit(main())
