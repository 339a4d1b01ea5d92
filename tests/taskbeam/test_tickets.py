"""Places in a queue, as the append script keeps them on a real server."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from taskbeam.journal.entry import Ran, Registration
from taskbeam.queues.state import QueueState, read_states
from tests.support.results import connected_to, control

from .conftest import DB
from .journal import Journal

if TYPE_CHECKING:
    from collections.abc import Callable

    import redis

    from stack.valkey import Valkey
    from taskbeam.journal.control_keys import QueueKeys
    from taskbeam.journal.writer import Writer


class Line:
    """A queue of its own, with the tasks that were sent to it, first to last."""

    def __init__(self, valkey: Valkey, send: Callable[[QueueKeys], Journal]) -> None:
        self.keys = control().queue(str(uuid4()))
        self.name = str(uuid4())
        self._valkey = valkey
        self._send = send
        self.tasks: list[Journal] = []

    def send(self, count: int = 1) -> None:
        self.tasks += [self._send(self.keys) for _ in range(count)]

    def begin(self, task: int) -> None:
        self.tasks[task].append("STARTED", "a")

    def run(self, task: int, seconds: float) -> None:
        self.begin(task)
        self.succeed(task, seconds)

    def succeed(self, task: int, seconds: float, run: str = "a") -> None:
        """As a worker says so, which strikes the run off."""
        ran = Ran(seconds, control().times(self.name))
        over = Registration(runs_key=control().runs(self.name), row="")
        self.tasks[task].append("SUCCESS", run, ran=ran, registration=over, name=self.name)

    @property
    def ahead(self) -> list[int]:
        """Of each task."""
        state = self.state()
        return [state.ahead(ticket) for ticket in range(1, len(self.tasks) + 1)]

    def state(self) -> QueueState:
        async def read() -> QueueState:
            async with connected_to(self._valkey.url(DB)) as client:
                return (await read_states(client, control(), {self.keys.base}, set())).queues[self.keys.base]

        return asyncio.run(read())


@pytest.fixture
def line(valkey: Valkey, client: redis.Redis, writer: Writer) -> Line:
    def send(keys: QueueKeys) -> Journal:
        journal = Journal(client, writer)
        journal.send(queue=keys)
        return journal

    return Line(valkey, send)


class TestTheOrder:
    def test_a_task_waits_behind_those_that_were_sent_before(self, line: Line) -> None:
        line.send(4)
        assert line.ahead == [0, 1, 2, 3]

    def test_a_run_that_begins_moves_those_behind_it_up(self, line: Line) -> None:
        line.send(4)
        line.begin(0)
        assert line.ahead[1:] == [0, 1, 2]
        line.begin(1)
        assert line.ahead[2:] == [0, 1]

    def test_only_the_first_run_does(self, line: Line) -> None:
        """A retry, a redelivery and the end change nothing for those who wait."""
        line.send(4)
        line.begin(0)
        line.tasks[0].append("RETRY", "a")
        line.tasks[0].append("STARTED", "b")
        line.tasks[0].append("SUCCESS", "b")
        assert line.ahead[1:] == [0, 1, 2]

    @pytest.mark.parametrize("end", ["REVOKED", "FAILURE"])
    def test_one_that_ends_in_the_queue_moves_up_only_those_behind_it(self, line: Line, end: str) -> None:
        line.send(5)
        line.tasks[2].append(end)
        line.tasks[2].append(end)  # Celery says it twice
        assert line.ahead[:2] + line.ahead[3:] == [0, 1, 2, 3]

    def test_and_is_forgotten_when_the_queue_has_gone_past_it(self, line: Line, client: redis.Redis) -> None:
        line.send(5)
        line.tasks[1].append("REVOKED")
        line.begin(0)
        assert line.state().withdrawn == [2]
        line.begin(2)
        assert not client.exists(line.keys.withdrawn)
        assert line.ahead[3:] == [0, 1]

    def test_a_purge_heals_when_the_next_task_begins(self, line: Line, client: redis.Redis) -> None:
        line.send(3)  # the broker lost these
        line.send(3)
        line.begin(3)
        assert line.ahead[4:] == [0, 1]
        assert not client.exists(line.keys.withdrawn)

    def test_a_queue_that_was_forgotten_counts_on_from_the_task_that_begins(
        self, line: Line, client: redis.Redis
    ) -> None:
        """Nothing was sent to it for a week, and the newest task waited all the time."""
        line.send(3)
        client.delete(line.keys.tickets)
        line.begin(2)
        line.send(2)
        assert line.ahead == [0, 0, 0, 0, 1]

    def test_one_that_was_overtaken_is_next(self, line: Line) -> None:
        line.send(3)
        line.begin(1)
        assert line.ahead == [0, 0, 0]
        line.begin(0)
        assert line.ahead == [0, 0, 0]
        line.send()
        assert line.ahead == [0, 0, 0, 1]


class TestWhoHasNoTicket:
    def test_is_not_counted(self, line: Line, journal: Journal) -> None:
        line.send(2)
        journal.send()
        journal.append("STARTED", "a")
        assert line.ahead == [0, 1]

    def test_a_task_whose_records_are_gone_when_it_begins(self, line: Line, client: redis.Redis) -> None:
        line.send(3)
        client.delete(line.tasks[0].keys.head, line.tasks[0].keys.log)
        line.begin(0)
        assert line.ahead == [0, 1, 2]

    def test_a_ticket_is_taken_once(self, line: Line) -> None:
        """The sender asks again after a lost reply."""
        line.send(2)
        entry = line.tasks[1].entry("PENDING", birth=True, queue=line.keys)
        for _ in range(2):
            line.tasks[1].writer.append(entry)
        line.send()
        assert line.ahead == [0, 1, 2]


class TestRunTimes:
    @pytest.mark.parametrize(
        ("seconds", "mean", "spread"),
        [([2.0] * 5, 2.0, 0.0), ([1.0, 2.0, 3.0], 2.0, 5 / 6), ([4.0, 2.0], 3.0, 1.0)],
    )
    def test_are_learnt_by_name_and_by_queue(
        self, line: Line, client: redis.Redis, seconds: list[float], mean: float, spread: float
    ) -> None:
        line.send(len(seconds))
        for task, ran in enumerate(seconds):
            line.run(task, ran)
        for key in (control().times(line.name), line.keys.tickets):
            learnt: Any = client.hmget(key, "runs", "mean", "spread")
            assert [float(value) for value in learnt] == pytest.approx([len(seconds), mean, spread])

    def test_are_of_late(self, line: Line) -> None:
        """After a change, twenty runs make the new mean."""
        line.send(70)
        for task in range(50):
            line.run(task, 1.0)
        for task in range(50, 70):
            line.run(task, 100.0)
        times = line.state().times
        assert times is not None
        assert times.mean > 85

    def test_only_success_counts(self, line: Line, client: redis.Redis) -> None:
        line.send(2)
        line.run(0, 1.0)
        line.succeed(0, 9.0)  # refused
        line.tasks[1].append("STARTED", "a")
        line.tasks[1].append("FAILURE", "a", name=line.name)
        assert client.hget(control().times(line.name), "runs") == b"1"

    def test_a_retried_task_counts_with_the_run_that_succeeded(self, line: Line) -> None:
        line.send(3)
        for task in range(3):
            line.begin(task)
            line.tasks[task].append("RETRY", "a")
            line.succeed(task, 3.0, "b")
        assert line.state().times == (3, 3.0, 0.0)


class TestTheirLife:
    def test_a_queue_that_is_not_used_is_forgotten(self, line: Line, client: redis.Redis) -> None:
        line.send(3)
        line.tasks[1].append("REVOKED")
        line.run(0, 1.0)
        for key in (line.keys.tickets, line.keys.withdrawn, control().times(line.name)):
            assert 0 < client.ttl(key) <= 7 * 24 * 3600

    def test_queues_have_names_of_their_own(self) -> None:
        names = {
            getattr(control().queue(queue), kind)
            for queue in ("a", "a:withdrawn", "a:tickets")
            for kind in ("tickets", "withdrawn", "consumers")
        }
        assert len(names) == 9


class TestAfter:
    def test_an_entry_is_refused_when_something_newer_was_told(self, line: Line) -> None:
        line.send()
        task = line.tasks[0]
        assert task.append("PENDING", only="queued", after=1).id.seq == 2
        assert task.append("PENDING", only="queued", after=1).verdict == "refused"
        assert task.append("PENDING", only="queued", after=2).id.seq == 3
        line.begin(0)
        assert task.append("PENDING", only="queued", after=4).verdict == "refused"
