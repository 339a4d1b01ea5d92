"""Redis is away for longer than a lease: nobody died."""

from __future__ import annotations

import asyncio
import signal
from typing import TYPE_CHECKING, Any

import pytest
from redis.exceptions import RedisError

from stack.valkey import Valkey
from taskbeam.presence.judgement import GIVEN_UP, PROMPT
from tests.support.waiting import wait_until

from .stage import Stage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from stack.process import ManagedProcess

#: Seconds. A worker that runs renews it soon; no watchdog looks meanwhile.
LEASE = 3.0

#: How long a lease is that ended long ago, and what is added to one that must not end here: milliseconds.
SHORT, HOUR = 1, 3_600_000


@pytest.fixture
def journals(tmp_path: Path) -> Iterator[Valkey]:
    """The server of the journals; it keeps its data, and the messages are elsewhere."""
    with Valkey(None, tmp_path) as server:
        yield server


@pytest.fixture
def stage(valkey: Valkey, journals: Valkey) -> Iterator[Stage]:
    made = Stage(journals, {"taskbeam_options": {"lease": LEASE}}, broker=valkey)
    yield made
    made.close()


def frozen(stage: Stage) -> None:
    """Redis does not answer, then it does; a watchdog waits for it meanwhile."""

    async def look() -> None:
        looking = asyncio.create_task(stage.look())
        await asyncio.sleep(0)  # it has asked
        await asyncio.sleep(1.2 * PROMPT)
        stage.valkey.resume()
        await looking

    stage.valkey.pause()
    asyncio.run(look())


def crashed(stage: Stage) -> None:
    """Redis is gone, a watchdog notices, and it comes back with all of its data."""
    stage.valkey.kill()
    with pytest.raises(RedisError):
        stage.sweep()
    stage.valkey.start()
    stage.sweep()


def restarted(stage: Stage) -> None:
    """The same, between two looks."""
    stage.valkey.kill()
    stage.valkey.start()
    stage.sweep()


@pytest.mark.parametrize("outage", [frozen, crashed, restarted])
def test_an_outage_longer_than_a_lease_is_nobodys_death(
    stage: Stage, outage: Callable[[Stage], None]
) -> None:
    with stage.worker("threads") as worker:
        task_id = stage.held("gated")
        # Whether the worker's renewal or the watchdog's look is first when Redis is back, is left to chance
        # in life; here it is the look.
        outlive_the_lease(stage, worker)
        outage(stage)
        assert stage.story(task_id) == ["PENDING", "STARTED"]
        renew_the_lease(stage, worker)
        stage.sweep()
        assert stage.story(task_id) == ["PENDING", "STARTED"]
        worker.send_signal(signal.SIGCONT)
        stage.open(task_id)
        assert stage.fate(task_id) == ["PENDING", "STARTED", "SUCCESS"]


def test_a_worker_that_dies_in_an_outage_is_told_one_lease_later(stage: Stage) -> None:
    with stage.worker("threads") as worker:
        task_id = stage.held("gated")
        outlive_the_lease(stage, worker)
        stage.valkey.pause()
        kill(worker)
        stage.valkey.resume()
    restarted(stage)
    assert stage.story(task_id) == ["PENDING", "STARTED"]
    stage.swept_until(task_id, "STALLED worker_silent")


def outlive_the_lease(stage: Stage, worker: ManagedProcess) -> None:
    """Stop the worker, as if its lease had ended long ago, and a watchdog had watched for all of it."""
    wait_until(lambda: bool(leases(stage)), lambda: "the worker's lease")
    stage.sweep()
    worker.send_signal(signal.SIGSTOP)
    for name in leases(stage):
        stage.redis.zadd(stage.control.workers, {name: GIVEN_UP + 1})
        stage.redis.hset(stage.control.leases, name, SHORT)


def renew_the_lease(stage: Stage, worker: ManagedProcess) -> None:
    """Let the worker go on until it has renewed its lease, which lasts for the rest of the test."""
    before = leases(stage)
    worker.send_signal(signal.SIGCONT)
    wait_until(lambda: leases(stage) != before, lambda: f"a lease other than {before}")
    worker.send_signal(signal.SIGSTOP)
    for name in leases(stage):
        stage.redis.zincrby(stage.control.workers, HOUR, name)
        stage.redis.hset(stage.control.leases, name, SHORT)


def leases(stage: Stage) -> dict[bytes, float]:
    """When each worker's lease ends."""
    found: Any = stage.redis.zrange(stage.control.workers, 0, -1, withscores=True)
    return dict(found)


def kill(worker: ManagedProcess) -> None:
    worker.send_signal(signal.SIGKILL)
    worker.wait(timeout=60)
