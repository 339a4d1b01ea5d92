"""Workers that die, hang and come back: what the watchdog makes of the runs they leave."""

from __future__ import annotations

import asyncio
import os
import signal
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, NamedTuple

import httpx
import pytest
from celery import chain, states

from tests.support.clients import TRANSPORTS
from tests.support.waiting import wait_until

from .endpoint import cancelled
from .stage import LONG_LIVED, REDELIVERY, SHORT_LIVED, Stage, served_for, staged, story, together
from .table import COLUMNS, PREFORK, RABBITMQ, expected, pool_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from stack.process import ManagedProcess
    from tests.support.gateway import Gateway
    from tests.support.rabbitmq import RabbitMQ

    from .stage import Event

POOLS = tuple(column for column in COLUMNS if column != "solo")

#: Seconds from one sweep to the next, of a gateway that leaves sweeping to the test.
NEVER = 3600


@pytest.fixture(scope="module")
def by_redis() -> Iterator[Stage]:
    """Each test has queues of its own: the broker of a killed worker has leftovers."""
    with staged(SHORT_LIVED) as made:
        yield made


@pytest.fixture(scope="module")
def by_rabbitmq(rabbitmq: RabbitMQ) -> Iterator[Stage]:
    with staged(SHORT_LIVED, rabbitmq.url()) as made:
        yield made


@pytest.fixture
def stage(request: pytest.FixtureRequest, pool: str) -> Stage:
    """With the broker of this column."""
    made: Stage = request.getfixturevalue("by_rabbitmq" if pool == RABBITMQ else "by_redis")
    return made


@pytest.fixture(scope="module")
def unwatched_by_redis(by_redis: Stage) -> Iterator[Gateway]:
    with served_for(by_redis, watchdog_interval=NEVER) as running:
        yield running


@pytest.fixture(scope="module")
def unwatched_by_rabbitmq(by_rabbitmq: Stage) -> Iterator[Gateway]:
    with served_for(by_rabbitmq, watchdog_interval=NEVER) as running:
        yield running


@pytest.fixture
def unwatched(request: pytest.FixtureRequest, pool: str) -> Gateway:
    """A gateway whose own watchdog sleeps."""
    name = "unwatched_by_rabbitmq" if pool == RABBITMQ else "unwatched_by_redis"
    running: Gateway = request.getfixturevalue(name)
    return running


@pytest.fixture(scope="module")
def pausable(request: pytest.FixtureRequest) -> Iterator[dict[str, ManagedProcess]]:
    """A worker of each column."""
    brokers = ("by_rabbitmq" if column == RABBITMQ else "by_redis" for column in POOLS)
    stages = [request.getfixturevalue(name).to(column) for name, column in zip(brokers, POOLS, strict=True)]
    with together(each.worker(pool_of(each.route)) for each in stages) as workers:
        yield dict(zip(POOLS, workers, strict=True))


def signal_all(process: ManagedProcess, number: signal.Signals) -> None:
    """The worker's main process with all its children."""
    os.killpg(os.getpgid(process.pid), number)


def kill_main(process: ManagedProcess) -> None:
    process.send_signal(signal.SIGKILL)
    process.wait(timeout=60)


def kill_both(process: ManagedProcess) -> None:
    signal_all(process, signal.SIGKILL)
    process.wait(timeout=60)


CHILDREN = {
    "child SIGKILL, acks early": "dies",
    "child SIGKILL, acks late": "dies_late",
    "child SIGKILL, reject_on_worker_lost": "dies_once",
}


@pytest.mark.parametrize("pool", PREFORK)
def test_a_child_is_killed(stage: Stage, pool: str) -> None:
    one_each = {way: stage.to(job) for way, job in CHILDREN.items()}
    with together(each.worker(concurrency=2) for each in one_each.values()):
        sent = {way: each.send(each.route) for way, each in one_each.items()}
        for way, task_id in sent.items():
            assert stage.fate(task_id) == expected(way, pool)


class Doomed(NamedTuple):
    """A run whose worker is killed; runs of one queue share the worker. ``pool``: the column."""

    way: str
    pool: str
    queue: str
    kill: Callable[[ManagedProcess], None]
    job: str


DOOMED = [
    Doomed("main SIGKILL, acks early", "prefork", "main", kill_main, "gated"),
    Doomed("main SIGKILL, acks late", "prefork", "main", kill_main, "gated_late"),
    Doomed("worker SIGKILL, acks early", "prefork", "both", kill_both, "gated"),
    Doomed("worker SIGKILL, acks late", "prefork", "both", kill_both, "gated_late"),
    Doomed("worker SIGKILL, acks early", "threads", "threaded", kill_both, "gated"),
    Doomed("worker SIGKILL, acks late", "threads", "threaded", kill_both, "gated_late"),
    Doomed("worker SIGKILL, acks early", "solo", "alone", kill_both, "gated"),
    Doomed("worker SIGKILL, acks late", "solo", "alone_late", kill_both, "gated_late"),
    Doomed("main SIGKILL, acks early", RABBITMQ, "main", kill_main, "gated"),
    Doomed("main SIGKILL, acks late", RABBITMQ, "main", kill_main, "gated_late"),
    Doomed("worker SIGKILL, acks early", RABBITMQ, "both", kill_both, "gated"),
    Doomed("worker SIGKILL, acks late", RABBITMQ, "both", kill_both, "gated_late"),
]


@pytest.mark.parametrize("pool", PREFORK)
def test_a_worker_is_killed(stage: Stage, pool: str) -> None:
    """A run that was acknowledged early is lost; another is delivered again. All of one broker at once."""
    here = [each for each in DOOMED if (each.pool == RABBITMQ) == (pool == RABBITMQ)]
    queues = {doomed.queue: doomed for doomed in here}
    with together(stage.to(queue).worker(pool_of(each.pool), 2) for queue, each in queues.items()) as workers:
        runs = {stage.to(doomed.queue).held(doomed.job): doomed for doomed in here}
        for process, doomed in zip(workers, queues.values(), strict=True):
            doomed.kill(process)
    for task_id, doomed in runs.items():
        is_lost = "LOST worker_lost" in expected(doomed.way, doomed.pool)
        stage.swept_until(task_id, "LOST worker_lost" if is_lost else "STALLED worker_silent", grace=0)
        stage.open(task_id)
    with stage.to(",".join(queues)).worker("threads", **REDELIVERY):
        for task_id, doomed in runs.items():
            told = stage.fate(task_id)
            assert told == expected(doomed.way, doomed.pool)
            stored = stage.app.AsyncResult(task_id).state
            assert stored == (states.STARTED if "LOST worker_lost" in told else states.SUCCESS)


@pytest.mark.parametrize("pool", [column for column in PREFORK if column == RABBITMQ])
def test_another_worker_goes_on_at_once(stage: Stage, unwatched: Gateway, pool: str) -> None:
    """Nobody waits for a watchdog; when it comes, it has nothing to say. Clients have followed all along."""
    stage = stage.to("beside")
    with ExitStack() as stack:
        doomed = stack.enter_context(stage.worker())
        task_id = stage.held("gated_late")
        stack.enter_context(stage.worker("threads", **LONG_LIVED))
        threads = stack.enter_context(ThreadPoolExecutor(len(TRANSPORTS)))
        followers = [threads.submit(_heard, unwatched, transport, task_id) for transport in TRANSPORTS]
        wait_until(lambda: unwatched.clients() == len(TRANSPORTS), lambda: "those who follow")
        assert _is_registered(stage, doomed)
        kill_both(doomed)
        stage.arrived(task_id, times=2)
        wait_until(lambda: _is_swept(stage, doomed), lambda: "the dead worker's lease to end")
        stage.open(task_id)
        for follower in followers:
            assert story(follower.result()) == expected("worker SIGKILL, acks late, beside another", pool)


def _is_registered(stage: Stage, worker: ManagedProcess) -> bool:
    """Whether it is among those that have a lease, until a watchdog finds that this has ended."""
    names: Any = stage.redis.zrange(stage.control.workers, 0, -1)
    return any(f":{worker.pid}:" in name.decode() for name in names)


def _is_swept(stage: Stage, worker: ManagedProcess) -> bool:
    """Whether it is no more among them after a look of the watchdog."""
    stage.sweep(grace=0)
    return not _is_registered(stage, worker)


def test_a_lost_task_fails_in_celerys_own_result(stage: Stage) -> None:
    """Where the setting says so. What waited for the task ends, too."""
    stage = stage.to("failing")
    with stage.worker("threads") as doomed:
        first, then = stage.signature("gated"), stage.signature("add", 1, 2)
        last: Any = chain(first, then).apply_async()
        stage.arrived(last.parent.id)
        kill_both(doomed)
    with served_for(stage, watchdog_interval=0.1, lost_after=0.1, fail_lost_tasks=True):
        assert stage.fate(last.parent.id) == expected("worker SIGKILL, acks early")
        assert stage.fate(last.id) == expected("chain: later link after another end")
    assert last.parent.state == states.FAILURE


@pytest.mark.parametrize("pool", POOLS)
def test_cancelled_while_stalled(stage: Stage, unwatched: Gateway, pool: str) -> None:
    """Nobody hears it: the stall goes on, but no worker begins the task again."""
    stage = stage.to(f"cancelled_{pool}")
    with stage.worker(pool_of(pool), concurrency=2) as doomed:
        early, late = stage.held("gated"), stage.held("gated_late")
        kill_both(doomed)
    for task_id in (early, late):
        stage.swept_until(task_id, "STALLED worker_silent")
        assert cancelled(unwatched, task_id) == "requested"
    with stage.worker(pool_of(pool), **REDELIVERY):
        assert stage.fate(late) == expected("cancelled while stalled, acks late", pool)
    # The grace of the sweep that told it was a long one: as if it were over now.
    stalled: Any = stage.redis.zrange(stage.control.stalled, 0, -1)
    stage.redis.zadd(stage.control.stalled, dict.fromkeys(stalled, 0))
    stage.sweep()
    assert stage.fate(early) == expected("cancelled while stalled, acks early", pool)


@pytest.mark.parametrize("pool", POOLS)
def test_a_paused_worker_comes_back(stage: Stage, pausable: dict[str, ManagedProcess], pool: str) -> None:
    stage, paused = stage.to(pool), pausable[pool]
    task_id = stage.held("gated")
    signal_all(paused, signal.SIGSTOP)
    stage.swept_until(task_id, "STALLED worker_silent")
    signal_all(paused, signal.SIGCONT)
    stage.swept_until(task_id, "STARTED")
    stage.open(task_id)
    assert stage.fate(task_id) == expected("SIGSTOP, SIGCONT", pool)


@pytest.mark.parametrize("pool", POOLS)
def test_a_lost_run_comes_back(
    stage: Stage, unwatched: Gateway, pausable: dict[str, ManagedProcess], pool: str
) -> None:
    """Clients of a real gateway: their streams have ended, and whoever comes again is told the truth."""
    stage, paused = stage.to(pool), pausable[pool]
    task_id = stage.held("gated")
    signal_all(paused, signal.SIGSTOP)
    stage.swept_until(task_id, "LOST worker_lost", grace=0)
    before = {transport: _heard(unwatched, transport, task_id) for transport in TRANSPORTS}
    stage.open(task_id)
    signal_all(paused, signal.SIGCONT)
    stage.until(task_id, "SUCCESS")
    for transport, heard in before.items():
        assert story(heard) == expected("LOST, then it comes back", pool)
        gap, *after = _heard(unwatched, transport, task_id, heard[-1]["id"])
        assert (gap["type"], gap["final"]) == ("gap", False)
        assert gap["gap"] == {"after": heard[-1]["id"], "reason": "epoch"}
        assert story([gap["snapshot"]]) == story(after) == expected("… its second life", pool)
        assert story(_heard(unwatched, transport, task_id)) == expected("… its second life", pool)
    assert httpx.get(f"{unwatched.http}/tasks/{task_id}").json()["state"] == states.SUCCESS


def _heard(served: Gateway, transport: str, task_id: str, after: str | None = None) -> list[Event]:
    """All that a client gets until its stream ends."""

    async def follow() -> list[Event]:
        async with asyncio.timeout(60):
            return [event async for event in TRANSPORTS[transport](served, task_id, after)]

    return asyncio.run(follow())


def test_a_task_outlives_its_visibility_timeout(stage: Stage) -> None:
    """The broker takes a long run for a dead one: two at once, of which the newer is told."""
    stages = {pool: stage.to(f"slow_{pool}") for pool in ("prefork", "threads")}
    with together(each.worker(pool, 2, **REDELIVERY) for pool, each in stages.items()):
        tasks = {pool: each.held("gated_late") for pool, each in stages.items()}
        for pool, task_id in tasks.items():
            stage.arrived(task_id, times=2)
            # The older run ends first, or the newer one: whose success it is, it is one.
            stage.open(task_id)
            stage.open(task_id)
            *told, end = stage.fate(task_id)
            assert told == expected("visibility timeout", pool)[:-1]
            assert end in ("SUCCESS", "SUCCESS #2")
