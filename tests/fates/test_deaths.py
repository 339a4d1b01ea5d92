"""Workers that die, hang and come back: what the watchdog makes of the runs they leave."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

import pytest

from tests.support.waiting import wait_until

from .stage import REDELIVERY, Stage, staged, story
from .table import expected

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from stack.process import ManagedProcess

KILLED = {
    ("main", "early"): "main SIGKILL, acks early",
    ("main", "late"): "main SIGKILL, acks late",
    ("worker", "early"): "worker SIGKILL, acks early",
    ("worker", "late"): "worker SIGKILL, acks late",
}


@pytest.fixture
def stage() -> Iterator[Stage]:
    """One each: the broker of a killed worker has leftovers."""
    with staged(dict(REDELIVERY)) as made:
        yield made


def signal_all(process: ManagedProcess, number: signal.Signals) -> None:
    """The worker's main process with all its children."""
    os.killpg(os.getpgid(process.pid), number)


@pytest.mark.parametrize(
    ("way", "job"),
    [
        ("child SIGKILL, acks early", "dies"),
        ("child SIGKILL, acks late", "dies_late"),
        ("child SIGKILL, reject_on_worker_lost", "dies_once"),
    ],
)
def test_a_child_is_killed(stage: Stage, way: str, job: str) -> None:
    # Celery may take longer to notice than the broker has patience for here.
    stage.conf.clear()
    with stage.worker():
        assert stage.fate(stage.send(job)) == expected(way)


def kill_main(process: ManagedProcess) -> None:
    process.send_signal(signal.SIGKILL)
    process.wait(timeout=10)


def kill_both(process: ManagedProcess) -> None:
    signal_all(process, signal.SIGKILL)
    process.wait(timeout=10)


@pytest.mark.parametrize(
    ("pool", "which", "kill"),
    [
        ("prefork", "main", kill_main),
        ("prefork", "worker", kill_both),
        ("threads", "worker", kill_both),
    ],
)
def test_a_worker_is_killed(
    stage: Stage, pool: str, which: str, kill: Callable[[ManagedProcess], None]
) -> None:
    """The run that was acknowledged early is lost; the other is delivered again."""
    with stage.worker(pool) as doomed:
        early, late = stage.held("gated"), stage.held("gated_late")
        kill(doomed)
    stage.swept_until(late, "STALLED worker_silent", grace=0)
    assert stage.fate(early) == expected(KILLED[which, "early"], pool)
    with stage.worker(pool):
        stage.arrived(late, times=2)
        stage.open(late)
        assert stage.fate(late) == expected(KILLED[which, "late"], pool)


@pytest.mark.parametrize("acks", ["early", "late"])
def test_a_solo_worker_is_killed(stage: Stage, acks: str) -> None:
    """It acknowledges only after the task, so everything is delivered again."""
    with stage.worker("solo") as doomed:
        task_id = stage.held("gated_late" if acks == "late" else "gated")
        kill_both(doomed)
    stage.swept_until(task_id, "STALLED worker_silent", grace=0)
    with stage.worker("solo"):
        stage.arrived(task_id, times=2)
        stage.open(task_id)
        assert stage.fate(task_id) == expected(KILLED["worker", acks], "solo")


@pytest.mark.parametrize("pool", ["prefork", "threads"])
def test_a_paused_worker_comes_back(stage: Stage, pool: str) -> None:
    with stage.worker(pool) as paused:
        task_id = stage.held("gated")
        signal_all(paused, signal.SIGSTOP)
        stage.swept_until(task_id, "STALLED worker_silent")
        signal_all(paused, signal.SIGCONT)
        stage.swept_until(task_id, "STARTED")
        stage.open(task_id)
        assert stage.fate(task_id) == expected("SIGSTOP, SIGCONT", pool)


@pytest.mark.parametrize("pool", ["prefork", "threads"])
def test_a_lost_run_comes_back(stage: Stage, pool: str) -> None:
    with stage.worker(pool) as paused:
        task_id = stage.held("gated")
        signal_all(paused, signal.SIGSTOP)
        stage.swept_until(task_id, "LOST worker_lost", grace=0)
        before = stage.ended(task_id)
        assert story(before) == expected("LOST, then it comes back", pool)
        stage.open(task_id)
        signal_all(paused, signal.SIGCONT)
        wait_until(lambda: stage.story(task_id)[-1:] == ["SUCCESS"], lambda: str(stage.story(task_id)))
    after = stage.events(task_id)
    assert story(after) == expected("… its second life", pool)
    # A new life of the journal: whoever held on to the old one is told by a gap.
    assert after[0]["id"].split("-")[0] > before[0]["id"].split("-")[0]


@pytest.mark.parametrize("pool", ["prefork", "threads"])
def test_a_task_outlives_its_visibility_timeout(stage: Stage, pool: str) -> None:
    """The broker takes a long run for a dead one: two at once, of which the newer is told."""
    with stage.worker(pool):
        task_id = stage.held("gated_late")
        stage.arrived(task_id, times=2)
        stage.open(task_id)
        stage.open(task_id)
        assert stage.fate(task_id)[:-1] == expected("visibility timeout", pool)[:-1]
        assert stage.fate(task_id)[-1].startswith("SUCCESS")
