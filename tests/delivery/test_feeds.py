"""The same promise of a feed: whoever joins, and whenever, ends with the same list and transitions."""

from __future__ import annotations

import asyncio
import json
import random
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import httpx
import pytest

from taskbeam import labelled
from taskbeam.journal.events import FINAL_STATES, PENDING, EventId
from tests.fates.stage import REDELIVERY, Stage, staged
from tests.support.clients import FEED_TRANSPORTS
from tests.support.ending import end
from tests.support.gateway import PATHS, Gateway, gateway
from tests.support.waiting import wait_until

from .cuts import kill_redis_connections, some

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.clients import Event

FOLLOWERS, SEED = 50, 20_27

#: Tasks of each kind: one reports, one fails, one tries again, one tells nothing.
KINDS: tuple[tuple[str, tuple[Any, ...]], ...] = (
    ("steps", (8,)),
    ("fails", ("value",)),
    ("retries", (1,)),
    ("add", (1, 2)),
)
TASKS = 200

#: After so many ends a worker is killed with all that it runs; the last one finishes.
KILLS = (40, 90, 140)

#: Transitions after which a client of a feed is cut; there are a thousand of them.
CUT = 0.02


class Seen(NamedTuple):
    """What one follower has: the newest event of each task, and the transitions since it joined."""

    joined: str
    tasks: dict[str, Event]
    transitions: list[tuple[str, str, str]]


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    """What a killed worker ran is delivered again."""
    with staged(REDELIVERY | {"task_acks_late": True}) as made:
        yield made


@pytest.fixture(scope="module", params=PATHS)
def served(request: pytest.FixtureRequest, stage: Stage) -> Iterator[Gateway]:
    origin, results = stage.valkey.url().rsplit("/", 1)[0], stage.backend
    with gateway(origin, request.param, head_timeout=120, result_backend=results) as running:
        yield running


def test_every_follower_ends_with_what_the_journals_have(served: Gateway, stage: Stage) -> None:
    """200 tasks of one owner, 50 followers; workers, Redis' connections and clients are cut meanwhile."""
    owner = f"followed-{served.port}"
    work = Work(stage)
    seen = asyncio.run(follow_all(served, work, owner))
    tasks, cursor = listed(served, f"owner:{owner}")
    transitions = [transition(event) for event in journal(served, f"owner:{owner}")]
    assert transitions[-1][0] == cursor
    assert set(tasks) == set(work.task_ids)
    for follower in seen:
        assert follower.tasks == tasks
        heard = [each for each in transitions if is_after(each[0], follower.joined)]
        # A cluster's list tells of tasks ahead of the feed's cursor: whoever has all ends by it asks no more.
        assert follower.transitions in (heard, [])
    for task_id in work.task_ids:
        told = [state for _, about, state in transitions if about == task_id]
        states = journal_of(stage, task_id)
        # One that was run again after its end has a new journal.
        assert told == states if states[0] == PENDING else told[-len(states) :] == states
        assert tasks[task_id]["state"] == states[-1]


class Work:
    """The tasks, and how many of them have ended."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.task_ids: list[str] = []
        self.ended = 0

    def run(self, owner: str) -> None:
        """Send, and run it all by workers of which some are killed; the last one ends when all is quiet."""
        with labelled(owner=owner):
            self.task_ids += [self._send(number) for number in range(TASKS)]
            for ends in KILLS:
                with self.stage.worker("threads", concurrency=2):
                    wait_until(partial(self._have_ended, ends))
            with self.stage.worker("threads", concurrency=2):
                wait_until(self._is_quiet, self._left)
                while not self._have_ended(TASKS):
                    self._send_what_was_lost()
                    wait_until(self._is_quiet, self._left)
                last = self.stage.send("add", 1, 2)
                self.stage.ended(last)
                self.task_ids.append(last)

    def _send(self, number: int, **options: Any) -> str:
        job, args = KINDS[number % len(KINDS)]
        return self.stage.send(job, *args, **options)

    def _send_what_was_lost(self) -> None:
        """A worker that is killed just when it takes a message from Redis has lost it (kombu's BRPOP)."""
        for number, task_id in enumerate(self.task_ids):
            if not self.stage.is_over(task_id):
                self._send(number, task_id=task_id)

    def _is_quiet(self) -> bool:
        """Whether there is no message that a worker has or may get."""
        return not self.stage.queue.exists("celery", "unacked")

    def _have_ended(self, count: int) -> bool:
        self.ended = sum(map(self.stage.is_over, self.task_ids))
        return self.ended >= count

    def _left(self) -> str:
        return str([self.stage.story(each) for each in self.task_ids if not self.stage.is_over(each)])


async def follow_all(served: Gateway, work: Work, owner: str) -> list[Seen]:
    """Redis' connections are killed as long as anything happens."""
    chance = random.Random(SEED)
    killer = asyncio.create_task(kill_redis_connections(work.stage.valkey, pause=1.0))
    try:
        async with asyncio.timeout(240), asyncio.TaskGroup() as clients:
            working = clients.create_task(asyncio.to_thread(work.run, owner))
            working.add_done_callback(lambda _: killer.cancel())
            following = [
                clients.create_task(
                    follow(served, f"owner:{owner}", work, random.Random(chance.getrandbits(32)))
                )
                for _ in range(FOLLOWERS)
            ]
    finally:
        await end(killer)
    return [each.result() for each in following]


async def follow(served: Gateway, feed: str, work: Work, chance: random.Random) -> Seen:
    """Join some time by the list, then go on by one transport after another, until all has ended."""
    ends = chance.randrange(TASKS)
    while work.ended < ends:  # noqa: ASYNC110  # a thread counts them
        await asyncio.sleep(0.05)
    tasks, joined = await asyncio.to_thread(listed, served, feed)
    seen = Seen(joined, tasks, [])

    def is_cut(event: Event) -> bool:
        take(seen, event)
        return is_over(seen) or chance.random() < CUT

    while not is_over(seen):
        cursor = seen.transitions[-1][0] if seen.transitions else joined
        transport = FEED_TRANSPORTS[chance.choice(tuple(FEED_TRANSPORTS))]
        await some(transport, served, feed, cursor, is_cut)
    return seen


def take(seen: Seen, event: Event) -> None:
    """As the contract says: of two events of one task the newer one holds."""
    assert event["type"] == "task", event
    told = event["event"]
    known = seen.tasks.get(told["task_id"])
    if known is None or is_after(told["id"], known["id"]):
        seen.tasks[told["task_id"]] = told
    if "id" in event:
        seen.transitions.append(transition(event))


def is_over(seen: Seen) -> bool:
    """Whether all tasks are there, and have ended: the last one does when nothing else is under way."""
    states = [event["state"] in FINAL_STATES for event in seen.tasks.values()]
    return len(states) == TASKS + 1 and all(states)


def transition(event: Event) -> tuple[str, str, str]:
    return event["id"], event["event"]["task_id"], event["event"]["state"]


def is_after(one: str, other: str) -> bool:
    return EventId.parse(one) > EventId.parse(other)


def listed(served: Gateway, feed: str) -> tuple[dict[str, Event], str]:
    """The newest event of each task, and the cursor of the first page."""
    tasks: dict[str, Event] = {}
    query: dict[str, Any] = {}
    cursor = ""
    while True:
        answer = httpx.get(f"{served.http}/feeds/{feed}", params=query, timeout=60)
        if answer.status_code == 503:
            continue  # Redis was just cut off
        page = answer.raise_for_status().json()
        cursor = cursor or page["last_event_id"]
        tasks |= {event["task_id"]: event for event in page["tasks"]}
        if page["next"] is None:
            return tasks, cursor
        query = {"before": page["next"]}


def journal(served: Gateway, feed: str) -> list[Event]:
    """All numbered events of the feed."""
    events: list[Event] = []
    after = "0-0"
    while True:
        query: dict[str, Any] = {"after": after, "limit": 1000}
        answer = httpx.get(f"{served.http}/feeds/{feed}/events", params=query, timeout=60)
        page = answer.raise_for_status().json()
        if not page["events"]:
            return events
        events += page["events"]
        after = page["last_event_id"]


def journal_of(stage: Stage, task_id: str) -> list[str]:
    """The states that a task was in, one after the other."""
    log: Any = stage.redis.lrange(stage.keys(task_id).log, 0, -1)
    states = [json.loads(record.split(b" ", 2)[2])["state"] for record in log]
    return [state for place, state in enumerate(states) if place == 0 or state != states[place - 1]]
