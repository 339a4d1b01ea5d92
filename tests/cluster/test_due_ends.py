"""Ends that are due to be told, on a cluster: marked in another slot than the task, whoever dies."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from taskbeam.cluster.appender import ClusterAppender
from taskbeam.cluster.exchange import ClusterExchange
from taskbeam.journal.control_keys import CLUSTER
from taskbeam.journal.entry import Registration, Verdict
from taskbeam.notifications.ended import note_told
from taskbeam.notifications.members import End
from taskbeam.presence.row import Row
from tests.support.waiting import DEADLINE

from .connected import control_client, seeds
from .journals import Journals

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.redis_cluster import Cluster

    from .journals import Task

WORKER = "a worker:1:00000000"


@pytest.fixture
def control(cluster: Cluster) -> Iterator[Any]:
    """The server with what belongs to no task; somebody asks for all ends there."""
    client = cluster.owner(CLUSTER.notify_due).client
    client.hset(CLUSTER.notify_asked, "*", 1)
    yield client
    client.delete(CLUSTER.notify_asked, CLUSTER.notify_due, CLUSTER.runs(WORKER))


@pytest.fixture
def task(journals: Journals) -> Task:
    """A run of it goes on."""
    task = journals.task()
    task.append(0, state="STARTED", registration=registered(task))
    return task


def registered(task: Task, run: str = "run") -> Registration:
    return Registration(runs_key=CLUSTER.runs(WORKER), row=Row(run, False, task.id).encode())


def end(task: Task) -> bytes:
    return str(End(task.ids()[-1], task.id)).encode()


def due(control: Any) -> list[bytes]:
    found: list[bytes] = control.zrange(CLUSTER.notify_due, 0, -1)
    return found


def test_the_end_of_a_run_is_due_when_its_row_is_struck_off(
    control: Any, journals: Journals, task: Task
) -> None:
    for _ in range(2):
        task.append(1, state="SUCCESS", final=True, registration=registered(task))
    journals.writer.collect()
    assert due(control) == [end(task)]
    assert not control.exists(CLUSTER.runs(WORKER))


@pytest.mark.parametrize("late", [False, True], ids=["on its thread", "on the thread of kept ends"])
def test_the_end_of_a_run_is_due_that_was_superseded_and_succeeds_after_all(
    control: Any, journals: Journals, task: Task, late: bool
) -> None:
    """What it said before was refused, so it counts as over."""
    task.append(0, state="STARTED", run="other", registration=registered(task, "other"))
    task.append(1, state="PROGRESS", registration=registered(task))
    journals.writer.collect()
    assert task.states() == ["STARTED", "STARTED"]
    with closing(Journals(journals.cluster)) as others:
        writer = (others if late else journals).writer
        writer.append(task.entry(2, state="SUCCESS", final=True, registration=registered(task)))
        writer.collect()
    assert due(control) == [end(task)]


def test_an_end_that_no_run_tells_is_due_where_its_owner_asks(control: Any, journals: Journals) -> None:
    control.delete(CLUSTER.notify_asked)
    control.hset(CLUSTER.notify_asked, "owner:ada", 1)
    tasks = [journals.task() for _ in range(2)]
    for task, owner in zip(tasks, ("ada", "bob"), strict=True):
        task.append(0, state="PENDING", birth=True, run="", labels={"owner": owner})
        task.append(1, state="REVOKED", final=True, run="")
    journals.writer.collect()
    assert due(control) == [end(tasks[0])]


@pytest.mark.anyio
async def test_the_watchdog_says_it_of_a_run_whose_worker_died_until_it_is_told(
    control: Any, cluster: Cluster, journals: Journals, task: Task
) -> None:
    journals.writer._deliver(task.entry(1, state="SUCCESS", final=True))
    assert due(control) == []
    async with control_client(seeds(cluster)) as client:
        exchange = ClusterExchange(client.topology, DEADLINE)
        appender = ClusterAppender(exchange)

        async def look() -> list[bytes]:
            stalled = task.entry(2, state="STALLED", only="running")
            assert (await appender.append(stalled)).verdict is Verdict.REFUSED
            await exchange.execute(("GET", CLUSTER.dashboard))  # what was sent before has an answer
            return due(control)

        assert await look() == [end(task)]
        control.delete(CLUSTER.notify_due)
        await note_told(exchange, task.keys, End(task.ids()[-1], task.id))
        assert await look() == []
        await exchange.aclose()


def test_whoever_asks_a_task_that_has_ended_to_stop_makes_nothing_due(
    control: Any, journals: Journals, task: Task
) -> None:
    journals.writer._deliver(task.entry(1, state="SUCCESS", final=True))
    task.append(2, state="", run="", cancel=True, only="open")
    journals.writer.collect()
    assert due(control) == []
