"""What the dashboard hears of the tasks of all masters."""

from __future__ import annotations

import asyncio
import json
import time
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from taskbeam.cluster.exchange import ClusterExchange
from taskbeam.gateway.dashboard import cluster_events
from taskbeam.gateway.dashboard.all_masters import AllMasters
from taskbeam.gateway.dashboard.cluster_events import ClusterEvents, HeardJournals
from taskbeam.gateway.dashboard.every_event import MissedError
from taskbeam.gateway.dashboard.journals import JournalRows
from taskbeam.journal.cluster_keys import ClusterKeys
from taskbeam.journal.control_keys import CLUSTER
from taskbeam.journal.entry import Registration
from taskbeam.journal.events import PENDING, Record
from taskbeam.journal.keys import CELERY_PREFIX, JournalNames
from tests.support.waiting import DEADLINE

from .connected import control_client, seeds

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine, Iterator

    from taskbeam.cluster.control import ControlClient
    from tests.support.redis_cluster import Cluster, ClusterNode

    from .journals import Journals, Task

NAMES = JournalNames(CELERY_PREFIX, ClusterKeys)

Told = dict[str, list[str]]


@pytest.fixture
def control(cluster: Cluster) -> Iterator[ClusterNode]:
    """The master of what belongs to no task, as if a gateway published the dashboard."""
    node = cluster.owner(CLUSTER.workers)
    node.client.set(CLUSTER.dashboard, "me")
    yield node
    node.client.delete(CLUSTER.dashboard, CLUSTER.news)


@pytest.fixture(autouse=True)
def _looks_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster_events, "LOOK", 0.01)
    monkeypatch.setattr(cluster_events, "PATIENCE", DEADLINE)


@asynccontextmanager
async def connected(cluster: Cluster) -> AsyncIterator[tuple[ControlClient, ClusterExchange]]:
    async with control_client(seeds(cluster)) as client:
        await client.topology.refresh()
        exchange = ClusterExchange(client.topology, DEADLINE)
        yield client, exchange
        await exchange.aclose()


def hearing(cluster: Cluster, scene: Callable[[HeardJournals], Coroutine[Any, Any, Told]]) -> Told:
    """What a scene returns that hears everything."""

    async def heard() -> Told:
        async with connected(cluster) as (client, exchange):
            source = ClusterEvents(client, CLUSTER, exchange, NAMES)
            async with source.hear() as journals:
                return await scene(journals)

    return asyncio.run(heard())


async def told(heard: HeardJournals, tasks: list[Task], last: str, so_far: Told | None = None) -> Told:
    """The states that were told of each task, until its last one is there."""
    states = so_far if so_far is not None else {}
    async with asyncio.timeout(DEADLINE):
        while any(states.get(task.id, [])[-1:] != [last] for task in tasks):
            if (message := await heard.next(1.0)) is not None:
                channel, raw = message
                event = json.loads(Record.parse(raw).body)
                assert channel == ClusterKeys(CELERY_PREFIX + event["task_id"]).channel
                states.setdefault(event["task_id"], []).append(event["state"])
    return states


def run_of(task: Task) -> str:
    return f"run of {task.id[:8]}"


class Worker:
    """Sends tasks and runs them, as senders and workers do."""

    def __init__(self, control: ClusterNode) -> None:
        self._name, self._control = str(uuid4()), control
        control.client.zadd(CLUSTER.workers, {self._name: 0})
        self._registration = Registration(runs_key=CLUSTER.runs(self._name), row="row")
        self._queue = CLUSTER.queue(self._name)

    def leave(self) -> None:
        self._control.client.zrem(CLUSTER.workers, self._name)
        self._control.client.delete(self._registration.runs_key)

    def send(self, task: Task) -> None:
        task.append(0, run="", state=PENDING, birth=True, queue=self._queue)

    def run(self, task: Task, *states: str) -> None:
        for state in states:
            final = state in ("SUCCESS", "FAILURE")
            task.append(0, run=run_of(task), state=state, final=final, registration=self._registration)


@pytest.fixture
def worker(control: ClusterNode) -> Iterator[Worker]:
    made = Worker(control)
    yield made
    made.leave()


async def in_step(worker: Worker, tasks: list[Task], story: list[str], heard: HeardJournals) -> Told:
    """What is told of tasks that all come to each state before one comes to the next."""
    states: Told = {}
    for state in story:
        for task in tasks:
            worker.send(task) if state == PENDING else worker.run(task, state)
        await told(heard, tasks, state, states)
    return states


def test_no_event_is_told_twice_of_tasks_whose_cursors_there_is_no_room_for(
    cluster: Cluster, journals: Journals, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster_events, "MOST_CURSORS", 1)
    tasks = [journals.task() for _ in range(3)]

    story = [PENDING, "STARTED", "SUCCESS"]
    assert hearing(cluster, partial(in_step, worker, tasks, story)) == {task.id: story for task in tasks}


def test_of_many_that_run_each_has_its_turn(
    cluster: Cluster, journals: Journals, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster_events, "MOST_RUNNING", 1)
    tasks = [journals.task() for _ in range(3)]

    story = ["STARTED", "PROGRESS"]
    assert hearing(cluster, partial(in_step, worker, tasks, story)) == {task.id: story for task in tasks}


def test_all_that_the_tasks_of_all_masters_tell(cluster: Cluster, journals: Journals, worker: Worker) -> None:
    tasks = [journals.task(at) for at in cluster.masters for _ in range(5)]

    async def scene(heard: HeardJournals) -> Told:
        for task in tasks:
            worker.send(task)
        states = await told(heard, tasks, PENDING)
        for task in tasks:
            worker.run(task, "STARTED", "PROGRESS")
        journals.writer.collect()
        await told(heard, tasks, "PROGRESS", states)
        for task in tasks:  # nothing but the journals tells this
            task.append(0, run=run_of(task), state="STALLED")
        await told(heard, tasks, "STALLED", states)
        for task in tasks:
            worker.run(task, "PROGRESS", "SUCCESS")
        return await told(heard, tasks, "SUCCESS", states)

    story = [PENDING, "STARTED", "PROGRESS", "STALLED", "PROGRESS", "SUCCESS"]
    assert hearing(cluster, scene) == {task.id: story for task in tasks}


def test_a_task_that_is_over_before_anybody_looks(
    cluster: Cluster, journals: Journals, worker: Worker
) -> None:
    task = journals.task()

    async def scene(heard: HeardJournals) -> Told:
        worker.send(task)
        worker.run(task, "STARTED", "SUCCESS")
        return await told(heard, [task], "SUCCESS")

    assert hearing(cluster, scene) == {task.id: [PENDING, "STARTED", "SUCCESS"]}


def test_who_ends_without_a_run_is_heard(cluster: Cluster, journals: Journals, control: ClusterNode) -> None:
    task = journals.task()

    async def scene(heard: HeardJournals) -> Told:
        task.append(0, run="", state=PENDING, birth=True)
        task.append(0, run="", state="REVOKED", final=True)
        return await told(heard, [task], "REVOKED")

    assert control.client.exists(CLUSTER.dashboard)
    assert hearing(cluster, scene) == {task.id: [PENDING, "REVOKED"]}


def test_a_slot_that_moves_loses_nothing(cluster: Cluster, journals: Journals, worker: Worker) -> None:
    task = journals.task()
    home = task.owner()
    elsewhere = next(node for node in cluster.masters if node is not home)

    async def scene(heard: HeardJournals) -> Told:
        worker.send(task)
        worker.run(task, "STARTED")
        states = await told(heard, [task], "STARTED")
        cluster.move(task.slot, elsewhere)
        worker.run(task, "PROGRESS", "SUCCESS")
        return await told(heard, [task], "SUCCESS", states)

    try:
        assert hearing(cluster, scene) == {task.id: [PENDING, "STARTED", "PROGRESS", "SUCCESS"]}
    finally:
        cluster.move(task.slot, home)


def test_what_was_told_before_is_no_news(cluster: Cluster, journals: Journals, worker: Worker) -> None:
    task = journals.task()
    worker.send(task)
    worker.run(task, "STARTED")
    time.sleep(0.01)  # what is new is told by milliseconds

    async def scene(heard: HeardJournals) -> Told:
        worker.run(task, "PROGRESS", "SUCCESS")
        return await told(heard, [task], "SUCCESS")

    assert hearing(cluster, scene) == {task.id: ["PROGRESS", "SUCCESS"]}


def test_news_that_were_dropped_are_missed(
    cluster: Cluster, journals: Journals, worker: Worker, control: ClusterNode
) -> None:
    async def scene(heard: HeardJournals) -> Told:
        worker.send(journals.task())
        control.client.xtrim(CLUSTER.news, maxlen=0, approximate=False)
        await heard.next(DEADLINE)
        return {}

    with pytest.raises(MissedError):
        hearing(cluster, scene)


def test_where_nobody_publishes_nobody_pays(journals: Journals, worker: Worker, control: ClusterNode) -> None:
    control.client.delete(CLUSTER.dashboard, CLUSTER.news)
    task = journals.task()
    worker.send(task)
    worker.run(task, "STARTED", "SUCCESS")
    journals.writer.collect()
    assert not control.client.exists(CLUSTER.news)


def test_rows_are_made_of_the_journals_of_all_masters(
    cluster: Cluster, journals: Journals, worker: Worker
) -> None:
    tasks = [journals.task(at) for at in cluster.masters for _ in range(3)]
    for task in tasks:
        worker.send(task)
    worker.run(tasks[0], "STARTED")

    async def scene() -> tuple[dict[str, Any], set[str], dict[str, str | None]]:
        async with connected(cluster) as (client, exchange):
            masters: Any = AllMasters(client, exchange)
            rows = JournalRows(masters, NAMES, "own")
            found: set[str] = set()
            rows.search()
            while rows.searching:
                for each in await rows.scan(known):
                    found |= set(each)
            ids = [task.id for task in tasks]
            return await rows.read(ids), found, await rows.states([*ids, "unknown"])

    async def known(ids: Any) -> set[str]:
        return set(ids) - {task.id for task in tasks}

    rows, found, states = asyncio.run(scene())
    assert found == {task.id for task in tasks}
    assert {task_id: row["state"] for task_id, row in rows.items()} == {
        task.id: "STARTED" if task is tasks[0] else PENDING for task in tasks
    }
    assert (states[tasks[1].id], states["unknown"]) == (PENDING, None)
