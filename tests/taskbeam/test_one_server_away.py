"""One of a cluster's servers is away: what a gateway does for all costs only what that one has.

Two servers are played by one; what is asked of the tasks that are `away` has no answer.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, cast
from uuid import uuid4

import pytest
from redis.asyncio import Redis
from redis.exceptions import ConnectionError  # noqa: A004

from taskbeam.cluster.appender import ClusterAppender
from taskbeam.cluster.async_feed_teller import carry_out
from taskbeam.cluster.exchange import first_key
from taskbeam.cluster.feed_reader import ClusterFeedReader
from taskbeam.follow.position_check import PositionCheck
from taskbeam.journal.appender import BATCH, JournalAppender
from taskbeam.journal.cluster_keys import ClusterKeys
from taskbeam.journal.control_keys import ONE_SERVER
from taskbeam.journal.entry import Entry
from taskbeam.journal.events import FAILURE, STALLED, EventId
from taskbeam.journal.feeds.names import feed_keys
from taskbeam.journal.feeds.telling import tell
from taskbeam.journal.keys import CELERY_PREFIX, JournalNames, TaskKeys
from taskbeam.journal.pipelined_connection import PipelinedConnection
from taskbeam.journal.reader import JournalReader
from taskbeam.presence.row import Row
from taskbeam.presence.watchdog import Watchdog
from taskbeam.queues.audience import Audience
from taskbeam.queues.watch import QueueWatch
from tests.support.redis_cluster import one_server

from .conftest import DB
from .journal import Journal
from .waiting import DEADLINE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence

    import redis

    from stack.valkey import Valkey
    from taskbeam.cluster.exchange import ClusterExchange
    from taskbeam.follow.hub import Hub
    from taskbeam.journal.entry import Appended
    from taskbeam.journal.resp_connection import Part
    from taskbeam.journal.writer import Writer

pytestmark = one_server("one server plays two of a cluster")

GONE = ConnectionError("the server is away")


class PartlyAway(PipelinedConnection):
    """Has no answers about some tasks, by their ids."""

    away: str | None = None

    def ask(self, then: Callable[[Any], None], *command: Part) -> None:
        if self.away and self.away in str(first_key(command)):
            then(GONE)
        else:
            super().ask(then, *command)


class AppenderPartlyAway(JournalAppender):
    away: str | None = None

    async def append_each(self, entries: Sequence[Entry]) -> list[Appended | Exception]:
        here = iter(await super().append_each([each for each in entries if each.task_id != self.away]))
        return [GONE if each.task_id == self.away else next(here) for each in entries]


class Servers:
    """What a gateway connects to them with."""

    def __init__(self, client: Redis) -> None:
        self.client = client
        self.journals, self.appender = PartlyAway(client), AppenderPartlyAway(client)

    def lose(self, task_id: str | None) -> None:
        self.journals.away = self.appender.away = task_id


@asynccontextmanager
async def both(valkey: Valkey) -> AsyncIterator[Servers]:
    async with Redis.from_url(valkey.url(DB)) as client:
        servers = Servers(client)
        yield servers
        await servers.journals.aclose()


@pytest.fixture
def tasks(client: redis.Redis, writer: Writer) -> list[Journal]:
    """In one queue."""
    made, queue = [Journal(client, writer) for _ in range(2)], ONE_SERVER.queue(str(uuid4()))
    for task in made:
        task.send(queue=queue, name="a-task")
    return made


@pytest.mark.parametrize(
    ("while_it", "logged"),
    [
        ("looks up", "Cannot read all waiting tasks; reporting the others: the server is away"),
        ("tells", "Cannot report all places in queues; reported the others: the server is away"),
    ],
)
def test_those_who_wait_elsewhere_are_told_their_places(
    valkey: Valkey, tasks: list[Journal], while_it: str, logged: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def sweep() -> list[int]:
        async with both(valkey) as servers:
            audience = Audience()
            for task in tasks:
                audience.follow(task.task_id, task.keys)
            watch = QueueWatch(
                servers.client,
                servers.appender,
                ONE_SERVER,
                audience,
                interval=0.0,
                no_consumer_after=0.0,
                journals=servers.journals,
            )
            servers.lose(tasks[0].task_id)
            if while_it == "tells":
                servers.journals.away = None
            told = [await watch.sweep()]
            servers.lose(None)
            return [*told, await watch.sweep(), await watch.sweep()]

    assert asyncio.run(sweep()) == [1, 1, 0]
    assert caplog.text.count(logged) == 1


def test_a_server_that_is_away_is_waited_for_once_by_however_many_journals() -> None:
    class Away:
        """Answers when all have asked."""

        def __init__(self) -> None:
            self.asked: list[Callable[[Any], None]] = []

        def ask(self, then: Callable[[Any], None], *_: Part) -> None:
            self.asked.append(then)
            if len(self.asked) == count:
                for each in self.asked:
                    each(GONE)

    count = 2 * BATCH + 1
    entries = [
        Entry(keys=TaskKeys(f"{CELERY_PREFIX}{number}"), task_id=str(number), type="state", members={})
        for number in range(count)
    ]

    async def append() -> list[Appended | Exception]:
        async with asyncio.timeout(DEADLINE):
            return await ClusterAppender(cast("ClusterExchange", Away())).append_each(entries)

    assert asyncio.run(append()) == [GONE] * count


def register(client: redis.Redis, worker: str, task: Journal) -> None:
    """A run of the task begins at the worker."""
    task.append("STARTED", "a")
    client.hset(ONE_SERVER.runs(worker), task.keys.result, Row("a", False, task.task_id).encode())


class TogetherAppender(JournalAppender):
    """Appends when all have come who append a state."""

    def __init__(self, client: Redis, state: str, callers: int) -> None:
        super().__init__(client)
        self._state = state
        self._all = asyncio.Barrier(callers)

    async def append_each(self, entries: Sequence[Entry]) -> list[Appended | Exception]:
        if entries and entries[0].state == self._state:
            await self._all.wait()
        return await super().append_each(entries)


def test_runs_of_several_workers_are_told_at_once(
    valkey: Valkey, tasks: list[Journal], client: redis.Redis
) -> None:
    for task in tasks:
        worker = str(uuid4())
        client.zadd(ONE_SERVER.workers, {worker: 1})
        register(client, worker, task)

    async def sweep() -> int:
        async with both(valkey) as servers, asyncio.timeout(DEADLINE):
            appender = TogetherAppender(servers.client, STALLED, len(tasks))
            watchdog = Watchdog(servers.client, appender, ONE_SERVER, TaskKeys, 0, lease=0)
            return (await watchdog.sweep()).stalled

    assert asyncio.run(sweep()) == len(tasks)


def test_the_dependents_of_several_lost_tasks_are_ended_at_once(
    valkey: Valkey, client: redis.Redis, writer: Writer
) -> None:
    worker = str(uuid4())
    client.zadd(ONE_SERVER.workers, {worker: 1})
    chains = [(Journal(client, writer), Journal(client, writer)) for _ in range(2)]
    for task, behind in chains:
        task.send(next=behind.task_id)
        behind.send(waiting=True)
        register(client, worker, task)

    async def sweep() -> None:
        async with both(valkey) as servers, asyncio.timeout(DEADLINE):
            appender = TogetherAppender(servers.client, FAILURE, len(chains))
            watchdog = Watchdog(servers.client, appender, ONE_SERVER, TaskKeys, 0, lease=0)
            for _ in range(2):
                await watchdog.sweep()

    asyncio.run(sweep())
    assert [behind.states[-1] for _, behind in chains] == ["FAILURE", "FAILURE"]


def test_runs_elsewhere_are_told_as_stalled_and_lost(
    valkey: Valkey, tasks: list[Journal], client: redis.Redis
) -> None:
    worker = str(uuid4())
    client.zadd(ONE_SERVER.workers, {worker: 1})
    for task in tasks:
        register(client, worker, task)

    async def sweep() -> list[tuple[int, int]]:
        async with both(valkey) as servers:
            watchdog = Watchdog(servers.client, servers.appender, ONE_SERVER, TaskKeys, 0, lease=0)
            told = []
            for away in (tasks[0].task_id, None, None):
                servers.lose(away)
                swept = await watchdog.sweep()
                told.append((swept.stalled, swept.lost))
            return told

    told = asyncio.run(sweep())
    assert [stalled for stalled, _ in told] == [1, 1, 0]
    assert [task.states[-1] for task in tasks] == ["LOST", "LOST"]
    assert not client.zscore(ONE_SERVER.workers, worker)
    assert not client.exists(ONE_SERVER.runs(worker))


@pytest.mark.parametrize("lost_too", [False, True])
def test_a_list_has_the_tasks_elsewhere_and_says_how_many_it_lacks(
    valkey: Valkey, client: redis.Redis, writer: Writer, lost_too: bool
) -> None:
    owner, names = f"ada {uuid4()}", JournalNames(CELERY_PREFIX, ClusterKeys)
    feed = f"owner:{owner}"
    made = [Journal(client, writer, labels={"owner": owner}) for _ in range(3)]

    async def lists() -> list[tuple[list[bytes], int]]:
        async with both(valkey) as servers:
            for task in made:
                task.keys = ClusterKeys(task.keys.result)
                entry = task.entry("PENDING", birth=True, meta=b"")
                writer.append(entry)
                assert entry.owed is not None
                await carry_out(servers.journals, tell(task.keys, feed, entry.owed))
            if lost_too:  # something is to be put right
                client.delete(made[2].keys.head)
            reader = ClusterFeedReader(JournalReader(servers.journals), servers.journals, names, 10**6)
            found = []
            for away in (made[1].task_id, None):
                servers.lose(away)
                page = await reader.list(feed_keys(feed, CELERY_PREFIX, ClusterKeys), [], None, 10)
                found.append(([each.body for each in page.tasks], page.unread))
            return found

    def ids(bodies: list[bytes]) -> list[str]:
        return [task.task_id for body in bodies for task in made if task.task_id.encode() in body]

    there = [task.task_id for task in made[: 2 if lost_too else 3]][::-1]
    (some, unread), (every, none) = asyncio.run(lists())
    assert (ids(some), unread) == ([each for each in there if each != made[1].task_id], 1)
    assert (ids(every), none) == (there, 0)


def test_journals_elsewhere_are_compared_with_their_followers() -> None:
    class Reader:
        async def ends_elsewhere(self, heads: Sequence[bytes], _: Sequence[EventId]) -> list[int]:
            if heads == [b"away:head"]:
                raise GONE
            return [0]

    class Followers:
        missed_by: list[bytes] = []  # noqa: RUF012 # of one test

        def positions(self, names: Sequence[bytes]) -> dict[bytes, EventId]:
            return dict.fromkeys(names, EventId(1, 1))

        def missed(self, name: bytes, _: EventId) -> None:
            self.missed_by.append(name)

    followers = Followers()
    check = PositionCheck(cast("Hub", followers), cast("JournalReader", Reader()), 1.0, sharded=True)
    asyncio.run(check.check([b"here:live", b"away:live", b"there:live"]))
    assert followers.missed_by == [b"here:live", b"there:live"]
