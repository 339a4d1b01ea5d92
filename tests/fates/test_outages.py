"""Redis is away for longer than a lease: nobody died."""

from __future__ import annotations

import signal
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from redis.exceptions import RedisError

from stack.valkey import Valkey
from tests.support.waiting import wait_until

from .stage import Stage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from stack.process import ManagedProcess

#: Seconds. Short, so that an outage outlives it, and long enough for a worker on a busy machine.
LEASE = 3.0


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
    stage.valkey.pause()
    with ThreadPoolExecutor(1) as thread:
        look = thread.submit(stage.sweep)
        time.sleep(2 * LEASE)
        stage.valkey.resume()
        look.result()


def crashed(stage: Stage) -> None:
    """Redis is gone, a watchdog notices, and it comes back with all of its data."""
    stage.valkey.kill()
    with pytest.raises(RedisError):
        stage.sweep()
    time.sleep(2 * LEASE)
    stage.valkey.start()
    stage.sweep()


def restarted(stage: Stage) -> None:
    """The same, between two looks."""
    stage.valkey.kill()
    time.sleep(2 * LEASE)
    stage.valkey.start()
    stage.sweep()


@pytest.mark.parametrize("outage", [frozen, crashed, restarted])
def test_an_outage_longer_than_a_lease_is_nobodys_death(
    stage: Stage, outage: Callable[[Stage], None]
) -> None:
    with stage.worker("threads") as worker:
        task_id = stage.held("gated")
        watch_for_a_lease(stage)
        # Whether the worker's renewal or the watchdog's look is first when Redis is back, is left to chance
        # in life; here it is the look.
        worker.send_signal(signal.SIGSTOP)
        outage(stage)
        assert stage.story(task_id) == ["PENDING", "STARTED"]
        renewed_after(stage, lambda: worker.send_signal(signal.SIGCONT))
        watch_for_a_lease(stage)
        assert stage.story(task_id) == ["PENDING", "STARTED"]
        stage.open(task_id)
        assert stage.fate(task_id) == ["PENDING", "STARTED", "SUCCESS"]


def test_a_worker_that_dies_in_an_outage_is_told_one_lease_later(stage: Stage) -> None:
    with stage.worker("threads") as worker:
        task_id = stage.held("gated")
        watch_for_a_lease(stage)
        stage.valkey.pause()
        kill(worker)
        stage.valkey.resume()
    restarted(stage)
    assert stage.story(task_id) == ["PENDING", "STARTED"]
    stage.swept_until(task_id, "STALLED worker_silent")


def watch_for_a_lease(stage: Stage) -> None:
    """A watchdog that has been there before the outage, and stays."""
    end = time.monotonic() + 1.5 * LEASE
    while time.monotonic() < end:
        stage.sweep()
        time.sleep(0.05)


def renewed_after(stage: Stage, act: Callable[[], None]) -> None:
    """Return when the worker has renewed its lease."""
    before = leases(stage)
    act()
    wait_until(lambda: leases(stage) != before, lambda: f"a lease other than {before}")


def leases(stage: Stage) -> dict[bytes, float]:
    """When each worker's lease ends."""
    found: Any = stage.redis.zrange(stage.control.workers, 0, -1, withscores=True)
    return dict(found)


def kill(worker: ManagedProcess) -> None:
    worker.send_signal(signal.SIGKILL)
    worker.wait(timeout=60)
