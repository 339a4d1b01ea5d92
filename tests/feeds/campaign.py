"""Strike at a feed's writers: ``python -m tests.feeds.campaign --trials 200``.

In each trial an owner's tasks run in a real worker, and one of its processes is killed at a random append,
between any two of its commands, or its answer is cut off. When all tasks have ended, or nothing is said any
more, each owner's feed is compared with what its tasks have said, and with their journals. Exits with 1 where
they differ.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

import psutil
import redis

from stack.valkey import Valkey
from taskbeam import labelled
from taskbeam.journal.events import FINAL_STATES
from taskbeam.journal.keys import task_keys
from tests.support.closing import close_app
from tests.support.worker import worker
from tests.taskbeam.feed import Feed

from .account import Ear, Said, differences, transitions
from .jobs import struck_app
from .saboteur import Saboteur, Strike

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from celery import Celery

#: Processes of the worker: some die while the others go on.
PROCESSES = 4

#: Appends that pass at the most before a strike; a trial's tasks make some 14.
MOST_APPENDS = 12

#: Seconds without a word, after which no more is waited for: who is killed may take a message along.
SILENCE = 40.0

#: One of each kind: it reports progress and runs again if its process is lost, it fails, it is retried.
JOBS: tuple[tuple[str, list[Any]], ...] = (("jobs.again", [2]), ("jobs.broken", []), ("jobs.flaky", []))


@dataclass
class Trial:
    """The tasks of one owner."""

    owner: str
    strike: Strike
    tasks: set[str] = field(default_factory=set)

    def send(self, app: Celery) -> None:
        with labelled(owner=self.owner):
            self.tasks |= {app.send_task(name, args).id for name, args in JOBS}

    def open(self, client: redis.Redis) -> list[str]:
        """Those that have not ended."""
        return [each for each in self.tasks if client.hget(task_keys(each).head, "final") != b"1"]

    def wrong(self, client: redis.Redis, ear: Ear) -> list[str]:
        """What its feed has otherwise than its tasks have said it, and than their journals have it."""
        feed = Feed(client, f"owner:{self.owner}")
        told = [Said(*each) for each in feed.transitions]
        found = differences(told, transitions(ear.of(self.tasks)), [each.id.seq for each in feed.records])
        heads = {
            each: cast("bytes", client.hget(task_keys(each).head, "state")).decode() for each in self.tasks
        }
        if feed.rows != heads:
            found.append(f"its rows are {feed.rows}, and the journals say {heads}")
        ends = Counter(state for state in heads.values() if state in FINAL_STATES)
        if feed.rollup["open"] != len(heads) - ends.total() or feed.rollup["done"] != ends:
            found.append(f"it counts {feed.rollup}, and the journals say {heads}")
        return [f"{self.owner}, {self.strike.value}: {each}" for each in found]


@dataclass
class Outcome:
    """Of a campaign: its trials, how many processes were killed, and what was wrong."""

    trials: list[Trial]
    killed: int
    open: list[str]
    wrong: list[str]


def strike_at(trials: int, seed: int) -> Outcome:
    """Carry out so many trials."""
    choose = random.Random(seed)
    strikes = [list(Strike)[number % len(Strike)] for number in range(trials)]
    choose.shuffle(strikes)
    with Valkey() as valkey, redis.Redis.from_url(valkey.url(1)) as client, Ear(client) as ear:
        running: list[psutil.Process] = []
        with Saboteur(valkey.port, lambda: running[0].children(recursive=True)) as saboteur:
            app = struck_app(valkey.url(0), "taskbeam+" + valkey.url(1))
            struck = f"taskbeam+redis://127.0.0.1:{saboteur.port}/1"
            with worker(valkey.url(0), struck, concurrency=PROCESSES, app="tests.feeds.jobs") as process:
                running.append(psutil.Process(process.pid))
                done = [
                    _carry_out(saboteur, app, Trial(f"owner {number}", strike), choose)
                    for number, strike in enumerate(strikes)
                ]
                _settle(ear, lambda: not any(trial.open(client) for trial in done))
            close_app(app)
        ear.hear_out(client)
        return Outcome(
            done,
            saboteur.killed,
            [task for trial in done for task in trial.open(client)],
            [wrong for trial in done for wrong in trial.wrong(client, ear)],
        )


def _carry_out(saboteur: Saboteur, app: Celery, trial: Trial, choose: random.Random) -> Trial:
    """Send until the strike is done: where others have died, the tasks of one trial may take a while."""
    done = saboteur.order(trial.strike, choose.randint(0, MOST_APPENDS))
    trial.send(app)
    while not done.wait(5.0):
        trial.send(app)
    return trial


def _settle(ear: Ear, ended: Callable[[], bool]) -> None:
    """Return when all have ended, or when nothing more is said."""
    heard, until = 0, 0.0
    while not ended():
        if len(ear.said) != heard:
            heard, until = len(ear.said), time.monotonic() + SILENCE
        elif time.monotonic() > until:
            return
        time.sleep(0.1)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the campaign; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--trials", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(arguments)
    outcome = strike_at(options.trials, options.seed)
    for strike, count in Counter(trial.strike for trial in outcome.trials).items():
        print(f"{count:4} × {strike.value}")
    tasks = sum(len(trial.tasks) for trial in outcome.trials)
    print(f"{tasks} tasks, {outcome.killed} processes killed, seed {options.seed}")
    if outcome.open:
        print(f"{len(outcome.open)} tasks died with a process, and have no end: {outcome.open}")
    print(*outcome.wrong or ["No transition was missing, and none was there twice."], sep="\n")
    return 1 if outcome.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
