"""Workers that are asked to stop: warm, soft and cold."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest

from .stage import REDELIVERY, Stage, staged
from .table import expected

if TYPE_CHECKING:
    from collections.abc import Iterator

POOLS = ("prefork", "threads")


@pytest.fixture
def stage() -> Iterator[Stage]:
    with staged(dict(REDELIVERY)) as made:
        yield made


@pytest.mark.parametrize("pool", POOLS)
def test_warm_shutdown(stage: Stage, pool: str) -> None:
    with stage.worker(pool) as stopping:
        task_id = stage.held("gated")
        stopping.send_signal(signal.SIGTERM)
        stage.open(task_id)
        assert stage.fate(task_id) == expected("warm shutdown", pool)
        stopping.wait(timeout=20)
    assert stage.sweep(grace=0).stalled == 0


def test_cold_shutdown_of_an_early_acknowledged_task(stage: Stage) -> None:
    """Celery promises a RETRY that never comes; the watchdog does not leave it standing."""
    with stage.worker() as stopping:
        task_id = stage.held("gated")
        stopping.send_signal(signal.SIGQUIT)
        stopping.wait(timeout=20)
    stage.swept_until(task_id, "LOST worker_lost", grace=0)
    assert stage.fate(task_id) == expected("cold shutdown, acks early")


def test_cold_shutdown_of_a_late_acknowledged_task(stage: Stage) -> None:
    with stage.worker() as stopping:
        task_id = stage.held("gated_late")
        stopping.send_signal(signal.SIGQUIT)
        stopping.wait(timeout=20)
    stage.swept_until(task_id, "STALLED worker_silent", grace=0)
    with stage.worker():
        stage.arrived(task_id, times=2)
        stage.open(task_id)
        assert stage.fate(task_id) == expected("cold shutdown, acks late")


def test_cold_shutdown_of_threads(stage: Stage) -> None:
    """They cannot be stopped: the worker goes when they have ended."""
    with stage.worker("threads") as stopping:
        task_id = stage.held("gated")
        stopping.send_signal(signal.SIGQUIT)
        stage.open(task_id)
        assert stage.fate(task_id) == expected("cold shutdown, acks early", "threads")
        stopping.wait(timeout=20)


def test_soft_shutdown(stage: Stage) -> None:
    """The task gets a while to end; this one needs less."""
    stage.conf["worker_soft_shutdown_timeout"] = 2
    with stage.worker() as stopping:
        task_id = stage.held("gated")
        stopping.send_signal(signal.SIGQUIT)
        stage.open(task_id)
        assert stage.fate(task_id) == expected("soft shutdown")
