"""`make soak`: round after round of tasks, clients, a deploy and a fault; prints what grew.

    python -m tests.faults.soak [--minutes M] [--clients N] [--seed S] [--json FILE]

Exits with 1 if something grows, or if a promise was broken in a round. One of less than 20 minutes is all
warm-up, and does not say what grows.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from tests.faults.plan import Plan
from tests.faults.stage import LEASE, STOCK, Stage
from tests.faults.table import FAULTS
from tests.faults.trial import Crowd, strike
from tests.support.waiting import wait_until

from .gauge import read
from .report import STOCK as STOCK_WORKER
from .report import growing, slopes, table
from .slope import is_enough, is_long_enough

if TYPE_CHECKING:
    from .gauge import Sample

#: Faults after which the processes and the server are the same as before.
STRIKING = (
    *("none", "thundering herd", "hop", "CLIENT KILL", "CLIENT KILL of subscribers", "SCRIPT FLUSH"),
    *("READONLY", "OOM", "flapping", "reset while shaking hands", "truncated answers", "black hole"),
)

#: Seconds that a fault lasts, and that journals live, so that there are as many at any time.
LASTS, EXPIRES = 3.0, 60

#: Seconds that a worker with Celery's own backend may take: it waits two minutes for an answer of Redis.
STOCK_WAITS = 200.0

#: The third gateway is the one that is deployed again and again; the others live from the first to the last.
PLAN = Plan(
    gateways=("detached", "portable", "detached"),
    stock=True,
    conf={"result_expires": EXPIRES, "taskbeam_options": {"lease": LEASE, "keep": EXPIRES}},
)


def main() -> int:
    """Run rounds until the time is over."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.soak", description="The soak.")
    parser.add_argument("--minutes", type=float, default=60, metavar="M")
    parser.add_argument("--clients", type=int, default=96, metavar="N", help="in each round")
    parser.add_argument("--seed", type=int, default=random.randrange(1_000_000), metavar="S")
    parser.add_argument("--json", type=Path, metavar="FILE", help="each reading, for a picture of your own")
    options = parser.parse_args()
    print(f"{options.minutes:g} minutes, {options.clients} clients a round, seed {options.seed}", flush=True)
    with tempfile.TemporaryDirectory(prefix="soak-") as folder, Stage(Path(folder), PLAN) as stage:
        soak = Soak(stage, options.clients, options.seed)
        until = time.monotonic() + 60 * options.minutes
        while time.monotonic() < until:
            soak.round()
            if options.json:
                options.json.write_text(soak.readings())
    return soak.finish()


class Soak:
    """The rounds so far, and what was held after each."""

    def __init__(self, stage: Stage, clients: int, seed: int) -> None:
        self._stage = stage
        self._clients = clients
        self._chance = random.Random(seed)
        self._times: list[float] = []
        self._samples: list[Sample] = []
        self._broken: Counter[str] = Counter()
        self._processes = {
            "gateway, detached": stage.gateways[0].process.pid,
            "gateway, portable": stage.gateways[1].process.pid,
            "worker, prefork": stage.workers["prefork"].process.pid,
            "worker, threads": stage.workers["threads"].process.pid,
            STOCK_WORKER: stage.workers[STOCK].process.pid,
        }

    def round(self) -> None:
        """Deploy, let tasks and clients live through a fault, wait until it is quiet, and read."""
        deployed = self._stage.gateways[2]
        deployed.stop()
        deployed.start()
        fault = replace(FAULTS[self._chance.choice(STRIKING)], lasts=LASTS)
        crowd = Crowd(self._clients, self._chance.randrange(1 << 30))
        for each in strike(self._stage, fault, crowd).broken:
            self._broken[f"{fault.name}: {each}"] += 1
        wait_until(self._nobody_follows)
        wait_until(self._stage.stock_is_idle, deadline=STOCK_WAITS)
        self._times.append(time.monotonic())
        self._samples.append(read(self._stage, self._processes))
        print(".", end="", flush=True)

    def readings(self) -> str:
        """All that was read, and when, as JSON."""
        rows = [
            {f"{of}: {what}": value for (of, what, _), value in sample.items()} for sample in self._samples
        ]
        return json.dumps({"times": self._times, "samples": rows})

    def finish(self) -> int:
        """Print the tables; 1 if something grows or was broken."""
        print(f"\n\n{len(self._samples)} rounds\n")
        for what, rounds in self._broken.items():
            print(f"BROKEN in {rounds} rounds: {what}")
        found = slopes(self._times, self._samples) if is_enough(self._times) else {}
        if found:
            print(table(self._samples, found))
        if not is_long_enough(self._times):
            print("Too short to tell what grows.")
            return int(bool(self._broken))
        grown = [f"{of}: {what}" for of, what, _ in growing(found)]
        print(f"GROWS: {', '.join(grown)}" if grown else "Nothing grows.")
        return int(bool(grown or self._broken))

    def _nobody_follows(self) -> bool:
        with self._stage.servers.redis as client:
            channels = client.pubsub_channels("*}:live")
        return not channels


if __name__ == "__main__":
    sys.exit(main())
