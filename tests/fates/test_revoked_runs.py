"""A task that was revoked does not run, though no broadcast of it ever reached a worker."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING, Any

import psutil
import pytest
import redis

from tests.support.redis_cluster import one_server
from tests.support.waiting import wait_until

from .endpoint import cancel, cancelled, refused
from .stage import REDELIVERY, Stage, served_for, staged, together
from .table import POOLS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stack.process import ManagedProcess
    from tests.support.gateway import Gateway

REVOKED = ["PENDING", "REVOKED revoked"]


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    with staged() as made:
        yield made


@pytest.fixture(scope="module")
def elsewhere(stage: Stage) -> Iterator[Gateway]:
    """A gateway whose broker is another one than the workers'."""
    with served_for(stage, broker_url=stage.valkey.url(7)) as running:
        yield running


@pytest.fixture(scope="module")
def workers(stage: Stage) -> Iterator[dict[str, ManagedProcess]]:
    """One of each pool; none listens to remote control."""
    deaf = {"worker_enable_remote_control": False}
    with together(stage.to(pool).worker(pool, **deaf) for pool in POOLS) as started:
        yield dict(zip(POOLS, started, strict=True))


def did_not_run(stage: Stage, task_id: str) -> bool:
    return not stage.queue.exists(f"arrived:{task_id}")


@pytest.mark.parametrize("pool", POOLS)
@pytest.mark.parametrize(
    ("job", "options"),
    [("gated", {}), ("gated", {"ignore_result": True}), ("gated_late", {}), ("prepares", {})],
    ids=["plain", "ignored", "late", "class"],
)
def test_it_ends_before_its_code(
    stage: Stage,
    workers: dict[str, ManagedProcess],
    elsewhere: Gateway,
    pool: str,
    job: str,
    options: dict[str, Any],
) -> None:
    routed = stage.to(pool)
    before = routed.held("gated")
    task_id = routed.send(job, **options)
    assert cancelled(elsewhere, task_id) == "revoked"
    after = routed.send("prepares")
    routed.open(before)
    routed.open(after)
    assert routed.fate(after)[-1] == "SUCCESS"
    assert routed.queue.exists(f"prepared:{after}")
    discarded = f"Discarding revoked task: fates.{job}[{task_id}]"
    wait_until(lambda: discarded in workers[pool].output, lambda: workers[pool].output)
    assert did_not_run(routed, task_id)
    assert not routed.queue.exists(f"prepared:{task_id}")
    assert routed.fate(task_id) == REVOKED
    result: Any = routed.app.AsyncResult(task_id)
    assert result.state == "REVOKED"


def test_what_is_kept_for_workers_that_are_away_may_be_missing(
    stage: Stage, workers: dict[str, ManagedProcess], elsewhere: Gateway
) -> None:
    """Its key has another type."""
    routed = stage.to("threads")
    before = routed.held("gated")
    task_id = routed.send("gated")
    stage.redis.delete(stage.control.cancelled)
    stage.redis.set(stage.control.cancelled, "no set")
    try:
        assert cancelled(elsewhere, task_id) == "revoked"
    finally:
        stage.redis.delete(stage.control.cancelled)
    routed.open(before)
    wait_until(lambda: f"Discarding revoked task: fates.gated[{task_id}]" in workers["threads"].output)
    assert did_not_run(routed, task_id)


def test_nor_does_its_next_try(stage: Stage, workers: dict[str, ManagedProcess], elsewhere: Gateway) -> None:
    """It was cancelled while it waited for it."""
    routed = stage.to("prefork")
    task_id = routed.send("retries_late")
    routed.until(task_id, "RETRY task_failed")
    assert cancelled(elsewhere, task_id) == "revoked"
    discarded = f"Discarding revoked task: fates.retries_late[{task_id}]"
    wait_until(lambda: discarded in workers["prefork"].output)
    assert routed.fate(task_id) == ["PENDING", "STARTED", "RETRY task_failed", "REVOKED revoked"]


def test_nor_does_one_that_is_delivered_again(stage: Stage, elsewhere: Gateway) -> None:
    """Its worker died after somebody had asked it to stop."""
    routed = stage.to("again")
    with routed.worker("prefork") as dying:
        task_id = routed.held("gated_late")
        assert cancelled(elsewhere, task_id) == "requested"
        for process in (psutil.Process(dying.pid), *psutil.Process(dying.pid).children()):
            process.send_signal(signal.SIGKILL)
    with routed.worker("prefork", worker_enable_remote_control=False, **REDELIVERY):
        assert routed.fate(task_id)[-1] == "REVOKED revoked"
    assert routed.queue.llen(f"arrived:{task_id}") == 1


def test_connections_that_are_cut_lose_the_broadcast_and_nothing_else(stage: Stage) -> None:
    """The worker hears nothing of it: its subscription is gone in this very moment."""
    routed = stage.to("cut")
    with (
        routed.worker("threads", **REDELIVERY) as worker,
        served_for(stage) as beside,
        redis.Redis.from_url(stage.broker) as broker,
    ):
        before = routed.held("gated")
        task_id = routed.send("gated")
        worker.send_signal(signal.SIGSTOP)
        broker.client_kill_filter(_type="pubsub")
        wait_until(lambda: not broker.pubsub_numpat())
        assert cancelled(beside, task_id) == "revoked"
        worker.send_signal(signal.SIGCONT)
        routed.open(before)
        routed.open(task_id)
        discarded = f"Discarding revoked task: fates.gated[{task_id}]"
        wait_until(lambda: discarded in worker.output, lambda: worker.output)
        assert did_not_run(routed, task_id)
        assert routed.fate(task_id) == REVOKED


@one_server("Celery's own backend knows no cluster")
@pytest.mark.filterwarnings("ignore:Call to deprecated setex:DeprecationWarning")  # by stock Celery
def test_a_result_that_an_old_worker_stored_is_not_overwritten(stage: Stage, elsewhere: Gateway) -> None:
    """One without Taskbeam: its journal is still at PENDING when somebody cancels the task."""
    routed = stage.to("old")
    task_id = routed.send("add", 1, 2)
    stock: Any = type(stage.app)(
        "stock", backend=stage.backend.removeprefix("taskbeam+"), set_as_current=False
    )
    stock.backend.store_result(task_id, 3, "SUCCESS")
    assert refused(cancel(elsewhere, task_id)) == (409, "too_late")
    assert routed.story(task_id) == ["PENDING"]
    assert stage.app.AsyncResult(task_id).get(timeout=60) == 3
    stock.close()
