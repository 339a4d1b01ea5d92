"""Places in queues and run times on a cluster, which keeps them in another slot than the tasks."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any, cast
from uuid import uuid4

import pytest

from taskbeam.cluster import control_line
from taskbeam.cluster.appender import ClusterAppender
from taskbeam.cluster.exchange import ClusterExchange
from taskbeam.journal.control_keys import CLUSTER
from taskbeam.journal.entry import Ran, Registration, Verdict
from taskbeam.journal.events import PENDING
from taskbeam.queues.audience import Audience
from taskbeam.queues.watch import QueueWatch
from tests.support.waiting import DEADLINE, wait_until

from .connected import control_client, seeds

if TYPE_CHECKING:
    from tests.support.redis_cluster import Cluster, ClusterNode

    from .journals import Journals, Task


@pytest.fixture
def control(cluster: Cluster) -> ClusterNode:
    return cluster.owner(CLUSTER.workers)


class Line:
    """Tasks in a queue of their own, all of one name."""

    def __init__(self, journals: Journals, control: ClusterNode) -> None:
        self.keys = CLUSTER.queue(str(uuid4()))
        self.name = str(uuid4())
        self._journals = journals
        self._control = control

    def send(self, task: Task | None = None) -> Task:
        task = task or self._journals.task()
        task.append(0, run="", state=PENDING, birth=True, queue=self.keys, name=self.name)
        return task

    def begin(self, task: Task) -> None:
        task.append(0, state="STARTED", name=self.name)

    def succeed(self, task: Task, seconds: float) -> None:
        ran = Ran(seconds, CLUSTER.times(self.name))
        row = Registration(runs_key=CLUSTER.runs(self.name), row="")
        task.append(0, state="SUCCESS", final=True, name=self.name, ran=ran, registration=row)

    def counted(self) -> dict[str, str]:
        """What is known of the queue."""
        return self._hash(self.keys.tickets)

    def times(self) -> dict[str, str]:
        return self._hash(CLUSTER.times(self.name))

    def withdrawn(self) -> list[int]:
        self._journals.writer.collect()
        found: Any = self._control.client.zrange(self.keys.withdrawn, 0, -1)
        return [int(ticket) for ticket in found]

    def _hash(self, key: str) -> dict[str, str]:
        self._journals.writer.collect()
        found = cast("dict[bytes, bytes]", self._control.client.hgetall(key))
        assert not found or self._control.client.ttl(key) > 0
        return {name.decode(): value.decode() for name, value in found.items()}


@pytest.fixture
def line(journals: Journals, control: ClusterNode) -> Line:
    return Line(journals, control)


def ticket(task: Task) -> str:
    """As the task's head has it."""
    kept: Any = task.owner().client.hget(task.keys.head, "ticket")
    return kept.decode() if kept else ""


async def told(cluster: Cluster, tasks: list[Task], sweeps: int = 1) -> int:
    """How many events a gateway's sweeps make of those who wait; nobody consumes the queue."""
    async with control_client(seeds(cluster)) as client:
        await client.topology.refresh()
        exchange, audience = ClusterExchange(client.topology, DEADLINE), Audience()
        appender = ClusterAppender(exchange)
        for task in tasks:
            audience.follow(task.id, task.keys)
        watch = QueueWatch(
            client,
            appender,
            CLUSTER,
            audience,
            interval=0.0,
            no_consumer_after=0.0,
            journals=exchange,
        )
        count = sum([await watch.sweep() for _ in range(sweeps)])
        await exchange.aclose()
        return count


def test_who_begins_with_what_is_posted_is_out_of_the_line(journals: Journals, line: Line) -> None:
    task = line.send()
    journals.writer.post(task.entry(1, name=line.name))
    assert line.counted() == {"sent": "1", "started": "1"}


def test_who_begins_is_out_of_the_line_though_the_answer_was_lost(journals: Journals, line: Line) -> None:
    task = line.send()
    entry = task.entry(1, state="STARTED", name=line.name)
    journals.writer._deliver(entry)
    entry.in_doubt = True
    assert journals.writer.append(entry).verdict is Verdict.REPEATED
    assert line.counted() == {"sent": "1", "started": "1"}


def test_who_is_sent_gets_in_line_and_is_told_the_place(cluster: Cluster, line: Line) -> None:
    tasks = [line.send() for _ in range(4)]
    assert [ticket(task) for task in tasks] == [f"{number} {line.keys.base}" for number in (1, 2, 3, 4)]
    line.begin(tasks[0])
    assert line.counted() == {"sent": "4", "started": "1"}
    assert asyncio.run(told(cluster, tasks, sweeps=2)) == 3
    newest = [json.loads(task.bodies()[-1]) for task in tasks[1:]]
    assert [(event["ahead"], event["waiting"]) for event in newest] == [
        (ahead, "no_consumer") for ahead in (0, 1, 2)
    ]


def test_how_long_tasks_run_is_learnt_of_the_queue_and_of_the_name(line: Line) -> None:
    for seconds in (2.0, 4.0):
        task = line.send()
        line.begin(task)
        line.succeed(task, seconds)
    learnt = {"runs": "2", "mean": "3", "spread": "1"}
    assert line.times() == learnt
    assert line.counted() == learnt | {"sent": "2", "started": "2"}


def test_a_task_without_a_ticket_tells_how_long_tasks_of_its_name_run(journals: Journals, line: Line) -> None:
    task = journals.task()
    line.begin(task)
    line.succeed(task, 2.0)
    assert (line.times()["mean"], line.counted()) == ("2", {})


def test_who_ends_in_line_is_out_of_it(cluster: Cluster, line: Line) -> None:
    async def cancel(task: Task) -> None:
        async with control_client(seeds(cluster)) as client:
            await client.topology.refresh()
            exchange = ClusterExchange(client.topology, DEADLINE)
            await ClusterAppender(exchange).append(task.entry(0, run="", state="REVOKED", final=True))
            await asyncio.to_thread(wait_until, lambda: bool(line.withdrawn()))
            await exchange.aclose()

    by_a_gateway, by_a_worker, goes_on = line.send(), line.send(), line.send()
    asyncio.run(cancel(by_a_gateway))
    by_a_worker.append(0, run="", state="REVOKED", final=True)
    assert line.withdrawn() == [1, 2]
    line.begin(goes_on)
    assert (line.withdrawn(), line.counted()["started"]) == ([], "3")


def test_a_task_that_goes_on_under_its_id_gives_its_second_ticket_back(line: Line) -> None:
    task = line.send()
    line.send(task)
    assert (ticket(task), line.withdrawn()) == (f"1 {line.keys.base}", [2])


def test_a_second_run_is_not_in_line(line: Line) -> None:
    first, second = line.send(), line.send()
    line.begin(second)
    second.append(0, run="again", state="STARTED", name=line.name)
    line.begin(first)
    assert line.counted() == {"sent": "2", "started": "2"}


def test_while_the_control_slot_is_away_tasks_go_on_and_what_is_not_told_is_told_later(
    journals: Journals, control: ClusterNode, line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is the worker that cannot reach it."""
    reach, now = journals.connections.make_quick, [0.0]

    def nobody() -> Any:
        raise ConnectionError("away")

    monkeypatch.setattr(journals.writer, "_connect_control", lambda: (nobody if now[0] == 1.0 else reach)())
    silence = journals.writer._silence
    monkeypatch.setattr(silence, "_clock", lambda: now[0])
    begins, row = line.send(), Registration(runs_key=CLUSTER.runs(f"worker-{uuid4()}"), row="the row")
    now[0] = 1.0
    journals.writer.close()
    begins.append(0, state="STARTED", name=line.name, registration=row)
    assert ticket(line.send()) == ""
    assert silence.holds
    now[0] = 2.0 + control_line.PAUSE
    begins.post(1)
    wait_until(lambda: control.client.hvals(row.runs_key) == [b"the row"])
    assert line.counted() == {"sent": "1", "started": "1"}
    assert begins.said() == [0, 0, 1]
    control.client.delete(row.runs_key)  # others look at all workers
