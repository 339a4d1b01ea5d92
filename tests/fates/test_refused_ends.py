"""An end that Redis refuses for now is told when it writes again, and Celery's result with it."""

from __future__ import annotations

import shutil
import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import psutil
import pytest
from celery import chain
from celery.exceptions import BackendStoreError

from stack.valkey import Valkey
from taskbeam.celery.missing_ends import GRACE
from tests.support import nobody
from tests.support.waiting import wait_until

from .stage import Stage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from stack.process import ManagedProcess

#: What redis-py leaves of the reply: of some it takes the first word for the class of the error.
SAYS = {
    "OOM": "command not allowed when used memory",
    "READONLY": "against a read only replica",
    "MASTERDOWN": "Link with MASTER is down",
    "NOREPLICAS": "NOREPLICAS",
    "MISCONF": "MISCONF",
}


class Refusals:
    """What makes the server refuse, and what ends that; ``says`` is the first word of its replies."""

    def __init__(self, stage: Stage, folder: Path) -> None:
        self.redis: Any = stage.redis
        self.folder = folder

    @contextmanager
    def says(self, word: str) -> Iterator[None]:
        begin, end = getattr(self, f"_{word.lower()}")
        begin()
        try:
            yield
        finally:
            end()

    def _set(self, **values: object) -> Callable[[], None]:
        def change() -> None:
            for name, value in values.items():
                self.redis.config_set(name.replace("_", "-"), value)

        return change

    @property
    def _oom(self) -> tuple[Callable[[], None], ...]:
        return self._set(maxmemory=1), self._set(maxmemory=0)

    @property
    def _noreplicas(self) -> tuple[Callable[[], None], ...]:
        return self._set(min_replicas_to_write=1), self._set(min_replicas_to_write=0)

    @property
    def _readonly(self) -> tuple[Callable[[], Any], ...]:
        return lambda: self.redis.replicaof("127.0.0.1", nobody.PORT), lambda: self.redis.replicaof(
            "NO", "ONE"
        )

    @property
    def _masterdown(self) -> tuple[Callable[[], Any], ...]:
        """A replica that has lost its master, and is not to serve what it has."""
        stale = "replica_serve_stale_data"

        def begin() -> None:
            self._set(**{stale: "no"})()
            self.redis.replicaof("127.0.0.1", nobody.PORT)

        def end() -> None:
            self.redis.replicaof("NO", "ONE")
            self._set(**{stale: "yes"})()

        return begin, end

    @property
    def _misconf(self) -> tuple[Callable[[], Any], ...]:
        """Its snapshots fail: their folder is gone."""

        def begin() -> None:
            # Redis 6.2 keeps the first `--save` of a command line, which says that it saves nothing.
            self._set(save="3600 1000000", stop_writes_on_bgsave_error="yes")()
            shutil.rmtree(self.folder, ignore_errors=True)
            self.redis.bgsave()
            wait_until(lambda: self.redis.info("persistence")["rdb_last_bgsave_status"] == "err")

        return begin, self._set(stop_writes_on_bgsave_error="no")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("snapshots")


@pytest.fixture(scope="module")
def stage(folder: Path) -> Iterator[Stage]:
    """The journals are on a server of their own: the broker goes on."""
    with (
        Valkey() as broker,
        Valkey(None, None, "--dir", str(folder), "--save", "3600 1000000") as results,
    ):
        made = Stage(results, broker=broker)
        yield made
        made.close()
        results.kill()  # it would try to save for as long as it is let


@pytest.fixture(scope="module", params=["prefork", "threads", "solo"])
def worker(request: pytest.FixtureRequest, stage: Stage) -> Iterator[tuple[Stage, ManagedProcess]]:
    routed = stage.to(request.param)
    with routed.worker(request.param) as process:
        yield routed, process


@pytest.mark.parametrize("word", SAYS)
def test_it_is_told_when_redis_writes_again(
    worker: tuple[Stage, ManagedProcess], folder: Path, word: str
) -> None:
    stage, process = worker
    task_id = stage.held("gated")
    with Refusals(stage, folder).says(word):
        stage.open(task_id)
        wait_until(lambda: f"Task {task_id}: its SUCCESS is kept" in process.output, lambda: process.output)
        (why,) = [line for line in process.output.splitlines() if f"{task_id}: its SUCCESS is kept" in line]
        # The pool goes on meanwhile.
        other = stage.held("gated")
        stage.open(other)
        wait_until(lambda: f"{other}] succeeded" in process.output)
    assert SAYS[word] in why
    for each in (task_id, other):
        assert stage.fate(each)[-1] == "SUCCESS"
        assert stage.app.AsyncResult(each).state == "SUCCESS"
    # Whoever sends may still look whether Redis writes again, and a PENDING may be lost.
    assert [told for told in stage.story(task_id) if told != "PENDING"] == ["STARTED", "SUCCESS"]


def lease_end(stage: Stage) -> float:
    """When (ms) the lease ends that was renewed last."""
    newest: Any = stage.redis.zrange(stage.control.workers, -1, -1, withscores=True)
    return float(newest[0][1])


@contextmanager
def refused(stage: Stage, process: ManagedProcess, folder: Path, *, job: str = "gated") -> Iterator[str]:
    """A task whose end waits for Redis, in a worker that is alone on its queue; its id."""
    task_id = stage.held(job)
    with Refusals(stage, folder).says("READONLY"):
        stage.open(task_id)
        wait_until(lambda: f"Task {task_id}: its SUCCESS is kept" in process.output, lambda: process.output)
        yield task_id


@pytest.mark.parametrize("pool", ["prefork", "threads", "solo"])
def test_a_warm_shutdown_waits_for_it(stage: Stage, folder: Path, pool: str) -> None:
    alone = stage.to(f"warm-{pool}")
    with alone.worker(pool) as process:
        with refused(alone, process, folder) as task_id:
            process.send_signal(signal.SIGTERM)
            wait_until(lambda: "1 ends of tasks wait for Redis" in process.output, lambda: process.output)
        process.wait(timeout=60)
    assert alone.fate(task_id)[-2:] == ["STARTED", "SUCCESS"]
    # Nothing is left of the worker, so nobody takes its tasks for lost.
    assert alone.sweep(grace=0) == (0, 0, 0)
    assert alone.fate(task_id)[-1] == "SUCCESS"


@pytest.mark.parametrize("pool", ["prefork", "threads", "solo"])
def test_a_cold_shutdown_does_not_wait_and_names_it(stage: Stage, folder: Path, pool: str) -> None:
    alone = stage.to(f"cold-{pool}")
    with alone.worker(pool) as process, refused(alone, process, folder) as task_id:
        process.send_signal(signal.SIGQUIT)
        process.wait(timeout=60)
        lost = f"Task {task_id}: its SUCCESS is lost"
        wait_until(lambda: process.output.count(lost) == 1, lambda: process.output)
        assert "wait for Redis" not in process.output


def test_the_main_process_keeps_what_it_has_to_tell_and_serves_the_others(stage: Stage, folder: Path) -> None:
    """A process of the pool was killed, so Celery's main process tells the end."""
    alone = stage.to("main")
    with alone.worker("prefork", concurrency=2) as process:
        task_id, other = alone.held("gated"), alone.held("gated")
        with Refusals(alone, folder).says("READONLY"):
            busy = alone.queue.lrange(f"pid:{task_id}", 0, -1)
            psutil.Process(int(busy[0])).kill()
            wait_until(
                lambda: f"Task {task_id}: its FAILURE is kept" in process.output, lambda: process.output
            )
            alone.open(other)
            wait_until(lambda: f"{other}] succeeded" in process.output)
        assert alone.fate(task_id)[-1] == "FAILURE worker_lost"
        assert alone.fate(other)[-1] == "SUCCESS"


def test_a_process_that_is_replaced_tells_it_first(stage: Stage, folder: Path) -> None:
    alone = stage.to("replaced")
    with alone.worker("prefork", worker_max_tasks_per_child=1) as process:
        with refused(alone, process, folder) as task_id:
            wait_until(lambda: "1 ends of tasks wait for Redis" in process.output, lambda: process.output)
        assert alone.fate(task_id)[-1] == "SUCCESS"
        after = alone.held("gated")
        alone.open(after)
        assert alone.fate(after)[-1] == "SUCCESS"


def test_the_message_of_a_task_that_is_acknowledged_late_waits_with_it(stage: Stage, folder: Path) -> None:
    """With the process both would be gone."""
    alone = stage.to("late")
    with alone.worker("prefork") as process:
        with refused(alone, process, folder, job="gated_late") as task_id:
            assert f"{task_id}] succeeded" not in process.output
            assert alone.queue.hlen("unacked") == 1
        wait_until(lambda: f"{task_id}] succeeded" in process.output)
        wait_until(lambda: alone.queue.hlen("unacked") == 0)
        assert alone.fate(task_id)[-1] == "SUCCESS"


def test_the_tasks_that_wait_for_it_are_told_when_it_is(stage: Stage, folder: Path) -> None:
    alone = stage.to("followed")
    with alone.worker("threads") as process:
        last: Any = chain(alone.signature("ignores_at_gate"), alone.signature("add", 1, 2)).apply_async()
        task_id = last.parent.id
        alone.arrived(task_id)
        with Refusals(alone, folder).says("READONLY"):
            alone.open(task_id)
            wait_until(lambda: f"Task {task_id}: its IGNORED is kept" in process.output)
        assert alone.fate(task_id)[-1] == "IGNORED"
        assert alone.fate(last.id) == ["PENDING dependency", "FAILURE dependency_failed"]


def test_an_end_that_is_gone_with_its_process_is_noticed(stage: Stage, folder: Path) -> None:
    """Celery's main process knows that the task is over, and says so though the result is lost."""
    alone = stage.to("gone")
    with alone.worker("prefork") as process:
        with refused(alone, process, folder) as task_id:
            wait_until(lambda: f"{task_id}] succeeded" in process.output)
            for child in psutil.Process(process.pid).children():
                child.kill()
        assert alone.fate(task_id)[-2:] == ["STARTED", "FAILURE result_lost"]
        with pytest.raises(BackendStoreError, match="its result was lost"):
            alone.app.AsyncResult(task_id).get(timeout=60)
        # A task that runs is left alone, however often the worker looks.
        running = alone.held("gated")
        began = lease_end(alone)
        wait_until(lambda: lease_end(alone) > began + GRACE * 1000)
        assert alone.story(running)[-1] == "STARTED"
        alone.open(running)
        assert alone.fate(running)[-1] == "SUCCESS"
