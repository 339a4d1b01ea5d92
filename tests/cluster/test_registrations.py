"""The rows of a worker's runs, beside what its tasks tell."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast
from uuid import uuid4

import pytest
import redis

from taskbeam.cluster.slot_map import slot_of
from taskbeam.journal.control_keys import CLUSTER
from taskbeam.journal.entry import Registration

from .journals import Journals

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.redis_cluster import Cluster, ClusterNode

    from .journals import Task


@pytest.fixture
def control(cluster: Cluster) -> ClusterNode:
    return cluster.owner(CLUSTER.workers)


class Worker:
    """Registers its runs as a worker does."""

    def __init__(self, journals: Journals, control: ClusterNode) -> None:
        self.key = CLUSTER.runs(f"worker-{uuid4()}")
        self._journals = journals
        self._control = control

    def tell(self, task: Task, run: str, state: str, **fields: Any) -> None:
        registration = Registration(runs_key=self.key, row=f"row of {run}" if run else "")
        entry = task.entry(0, state=state, registration=registration, **fields)
        entry.run = run
        self._journals.writer.append(entry)

    def rows(self) -> dict[bytes, bytes]:
        self._journals.writer.collect()
        return cast("dict[bytes, bytes]", self._control.client.hgetall(self.key))


@pytest.fixture
def worker(journals: Journals, control: ClusterNode) -> Iterator[Worker]:
    made = Worker(journals, control)
    yield made
    control.client.delete(made.key)  # others look at all workers


def test_a_run_has_a_row_until_it_ends(journals: Journals, worker: Worker) -> None:
    task = journals.task()
    worker.tell(task, "one", "STARTED")
    worker.tell(task, "one", "PROGRESS")
    assert worker.rows() == {task.keys.result.encode(): b"row of one"}
    worker.tell(task, "one", "SUCCESS", final=True)
    assert worker.rows() == {}


def test_what_a_run_says_after_its_end_registers_it_no_more(journals: Journals, worker: Worker) -> None:
    """Celery calls `on_retry` then; other threads of the task may have more to say, too."""
    task = journals.task()
    worker.tell(task, "one", "STARTED")
    worker.tell(task, "one", "RETRY", ends_run=True)
    worker.tell(task, "one", "")
    other = Journals(journals.cluster)
    other.writer.append(
        task.entry(0, state="", registration=Registration(runs_key=worker.key, row="row of one"))
    )
    other.close()
    assert worker.rows() == {}


def test_a_late_end_strikes_no_newer_run_off(journals: Journals, worker: Worker) -> None:
    """Two processes of a worker: the second run is registered when the first one's end is told."""
    task = journals.task()
    worker.tell(task, "one", "STARTED")
    worker.tell(task, "two", "STARTED")
    worker.tell(task, "one", "RETRY", ends_run=True)
    assert worker.rows() == {task.keys.result.encode(): b"row of two"}


def test_the_workers_main_process_strikes_any_run_off(journals: Journals, worker: Worker) -> None:
    task = journals.task()
    worker.tell(task, "one", "STARTED")
    worker.tell(task, "", "FAILURE", final=True)
    assert worker.rows() == {}


def test_a_run_that_is_not_to_be_has_no_row(journals: Journals, worker: Worker) -> None:
    task = journals.task()
    worker.tell(task, "", "REVOKED", final=True)
    worker.tell(task, "one", "STARTED")
    assert worker.rows() == {}


def test_another_connection_is_made_where_the_slot_has_moved(
    cluster: Cluster, journals: Journals, worker: Worker, control: ClusterNode
) -> None:
    task, slot = journals.task(), slot_of(CLUSTER.workers)
    worker.tell(task, "one", "STARTED")
    elsewhere = next(node for node in cluster.masters if node is not control)
    cluster.move(slot, elsewhere)
    try:
        worker.tell(task, "two", "STARTED")
        journals.writer.collect()
        rows: Any = elsewhere.client.hgetall(worker.key)
        assert rows == {task.keys.result.encode(): b"row of two"}
    finally:
        cluster.move(slot, control)


def test_what_cannot_be_registered_is_logged_and_costs_no_event(
    journals: Journals, worker: Worker, control: ClusterNode, caplog: pytest.LogCaptureFixture
) -> None:
    control.client.set(worker.key, "no hash")
    task = journals.task()
    worker.tell(task, "one", "STARTED")
    worker.tell(task, "one", "SUCCESS", final=True)
    with pytest.raises(redis.ResponseError, match="WRONGTYPE"):
        worker.rows()
    assert task.said() == [0, 0]
    told = [r for r in caplog.records if r.name == "taskbeam.cluster.control_line"]
    assert ["Cannot register" in record.getMessage() for record in told] == [True]
