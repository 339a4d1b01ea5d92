"""Workers that are asked to stop: warm, soft and cold. Those of one pool are stopped side by side."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from tests.support.waiting import wait_until

from .stage import REDELIVERY, SHORT_LIVED, Stage, staged, together
from .table import COLUMNS, RABBITMQ, expected, pool_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stack.process import ManagedProcess

#: Seconds, all of which the worker sleeps: more than a task needs whose gate is open, and less than one
#: that waits at its gate.
PLENTY, LITTLE = {"worker_soft_shutdown_timeout": 10}, {"worker_soft_shutdown_timeout": 0.3}


class Shutdown(NamedTuple):
    """``job`` runs when the signal comes; ``heard`` is what the worker says when it has understood."""

    job: str
    number: signal.Signals
    heard: str
    conf: dict[str, Any]


WARM, SOFT = "Warm shutdown", "Initiating Soft Shutdown"

#: What Celery says, in a traceback, of pools whose tasks it cannot stop.
CANNOT = "does not implement kill_job"

SHUTDOWNS = {
    "warm shutdown": Shutdown("gated", signal.SIGTERM, WARM, {}),
    "soft shutdown": Shutdown("gated", signal.SIGQUIT, SOFT, PLENTY),
    "soft shutdown, out of time, acks early": Shutdown("gated", signal.SIGQUIT, CANNOT, LITTLE),
    "soft shutdown, out of time, acks late": Shutdown("gated_late", signal.SIGQUIT, CANNOT, LITTLE),
    "cold shutdown, acks early": Shutdown("gated", signal.SIGQUIT, CANNOT, {}),
    "cold shutdown, acks late": Shutdown("gated_late", signal.SIGQUIT, CANNOT, {}),
}

#: These have no chance: the solo pool's one thread hears the signal, and cannot go on with its task.
HOPELESS = [("soft shutdown", "solo")]


@pytest.fixture(scope="module", params=COLUMNS)
def stopped(request: pytest.FixtureRequest) -> Iterator[tuple[Stage, str, dict[str, str]]]:
    """The column, and the task of each way, whose worker is gone."""
    pool: str = request.param
    amqp = request.getfixturevalue("rabbitmq").url() if pool == RABBITMQ else None
    ways = {way: each for way, each in SHUTDOWNS.items() if (way, pool) not in HOPELESS}
    with staged(SHORT_LIVED, amqp) as stage:
        stages = {way: stage.to(f"way{number}") for number, way in enumerate(ways)}
        with together(stages[way].worker(pool_of(pool), **ways[way].conf) for way in ways) as workers:
            tasks = {way: stages[way].held(shutdown.job) for way, shutdown in ways.items()}
            for process, shutdown in zip(workers, ways.values(), strict=True):
                process.send_signal(shutdown.number)
            for process, (way, shutdown) in zip(workers, ways.items(), strict=True):
                if shutdown.heard != CANNOT or pool == "threads":
                    _hears(process, shutdown.heard)
                    stage.open(tasks[way])
            for process in workers:
                process.wait(timeout=60)
        yield stage.to(",".join(each.route for each in stages.values())), pool, tasks


def _hears(process: ManagedProcess, what: str) -> None:
    wait_until(lambda: what in process.output, lambda: f"{what!r} in\n{process.output}")


def test_whatever_its_task_was_doing(stopped: tuple[Stage, str, dict[str, str]]) -> None:
    """A cold shutdown promises a RETRY that never comes; the watchdog does not leave it standing."""
    stage, pool, tasks = stopped
    redelivered = [way for way in tasks if "STALLED worker_silent → STARTED #2" in _row(way, pool)]
    lost = [way for way in tasks if "LOST" in _row(way, pool)]
    for way in redelivered:
        stage.swept_until(tasks[way], "STALLED worker_silent", grace=0)
        stage.open(tasks[way])
    for way in lost:
        stage.swept_until(tasks[way], "LOST worker_lost", grace=0)
    if redelivered:
        with stage.worker(pool_of(pool), **REDELIVERY):
            for way in redelivered:
                stage.ended(tasks[way])
    assert {way: stage.fate(tasks[way]) for way in tasks} == {way: expected(way, pool) for way in tasks}
    assert stage.sweep(grace=0).stalled == 0


def _row(way: str, pool: str) -> str:
    return " → ".join(expected(way, pool))
