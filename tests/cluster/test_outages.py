"""While one master is away the tasks of the others go on reporting, in the same process."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast
from uuid import uuid4

import pytest

from taskbeam.celery.kept_ends import kept_ends
from taskbeam.journal.control_keys import CLUSTER
from taskbeam.journal.events import Record
from taskbeam.presence.presence import presence
from tests.support.closing import close_app
from tests.support.jobs import jobs_app
from tests.support.waiting import DEADLINE, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from taskbeam.celery.cluster_backend import TaskbeamClusterBackend
    from tests.support.redis_cluster import Cluster, ClusterNode


class Reporting:
    """Tasks that report from this process, as a worker's do."""

    def __init__(self, cluster: Cluster) -> None:
        # Celery's own commands may wait longer than a test does.
        self._app = jobs_app("memory://", f"taskbeam+{cluster.url()}?socket_timeout={10 * DEADLINE}")
        self._app.conf.taskbeam_options = {"lease": 3.0}
        self.backend = cast("TaskbeamClusterBackend", self._app.backend)
        self._cluster = cluster

    def task(self, at: ClusterNode) -> str:
        """The id of one whose journal is at a master, and has begun."""
        while True:
            task_id = str(uuid4())
            if self._cluster.owner(self.backend.keys(task_id).result) is at:
                self.report(task_id, 0)
                return task_id

    def report(self, task_id: str, current: int) -> None:
        self.backend.store_result(task_id, {"current": current}, "PROGRESS")

    def said(self, task_id: str, node: ClusterNode) -> int:
        """How many events the journal of the task has at a server."""
        raws: Any = node.client.lrange(self.backend.keys(task_id).log, 0, -1)
        return Record.parse(raws[-1]).id.seq

    def close(self) -> None:
        close_app(self._app)


@pytest.fixture
def reporting(cluster: Cluster) -> Iterator[Reporting]:
    made = Reporting(cluster)
    yield made
    made.close()


@pytest.mark.parametrize("away", ["pause", "kill"])
def test_a_master_that_is_away_stops_no_progress_of_tasks_at_another_one(
    mortal: Cluster, reporting: Reporting, away: str
) -> None:
    lost, lives = mortal.masters[:2]
    theirs, ours = reporting.task(lost), reporting.task(lives)
    getattr(lost.server, away)()
    try:
        reporting.report(theirs, 1)
        assert reporting.backend._outbox._outages.closed
        for current in range(1, 6):
            reporting.report(ours, current)
        assert reporting.said(ours, lives) == 6
    finally:
        lost.server.resume() if away == "pause" else lost.server.start()
        mortal.until_whole()

    def reported() -> bool:
        reporting.report(theirs, 2)
        return not reporting.backend._outbox._outages.away

    wait_until(reported)
    assert reporting.said(theirs, lost) >= 1


def test_the_outage_is_over_once_a_replica_has_taken_the_masters_place(
    mortal: Cluster, reporting: Reporting, caplog: pytest.LogCaptureFixture
) -> None:
    lost, replica = mortal.masters[2], mortal.replicas[2]
    task = reporting.task(lost)
    wait_until(lambda: replica.client.execute_command("READONLY") and reporting.said(task, replica) == 1)
    lost.server.kill()
    reporting.report(task, 1)
    assert reporting.backend._outbox._outages.closed
    replica.take_over()
    wait_until(lambda: not reporting.backend._outbox._outages.away)
    reporting.report(task, 2)
    assert reporting.said(task, replica) == 2
    assert f"The journals at 127.0.0.1:{lost.port} can be written again; 1 progress" in caplog.text


@pytest.fixture
def _present(reporting: Reporting, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The process is a worker."""
    monkeypatch.setattr(presence, "active", True)
    presence.stay()
    reporting.backend.be_present()
    yield
    presence.end()


@pytest.mark.usefixtures("_present")
def test_a_master_that_vanishes_without_a_word_costs_no_worker_its_lease_and_no_task_its_end(
    mortal: Cluster, reporting: Reporting
) -> None:
    """Its connections stay open, and nobody answers over them any more."""
    lost = mortal.owner(CLUSTER.workers)
    replica = mortal.replica_of(lost)

    def lease_ends(node: ClusterNode) -> float:
        return node.client.zscore(CLUSTER.workers, presence.worker) or 0.0

    task = reporting.task(lost)
    wait_until(lambda: lease_ends(lost) > 0)
    # It looks for missing ends by then, so whatever that needs is connected to this server.
    first = lease_ends(lost)
    wait_until(lambda: lease_ends(lost) > first)
    replica.client.execute_command("READONLY")
    wait_until(lambda: lease_ends(replica) > first)
    lost.server.pause()
    try:
        reporting.backend.store_result(task, 1, "SUCCESS")
        assert kept_ends.holds(task)
        replica.take_over()
        wait_until(lambda: not kept_ends.holds(task))
        assert reporting.said(task, replica) == 2
        for _ in range(2):  # after each time it looks
            before = lease_ends(replica)
            wait_until(lambda: lease_ends(replica) > before)  # noqa: B023
    finally:
        lost.server.resume()
        mortal.until_whole()
