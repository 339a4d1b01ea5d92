"""Workers die, freeze, and are given a task twice."""

from __future__ import annotations

import os
import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tests.faults.fault import Fault
from tests.faults.jobs import LATE
from tests.faults.plan import Plan

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.faults.clients.audience import Audience
    from tests.faults.stage import Stage


@contextmanager
def killed(stage: Stage, _: Audience) -> Iterator[None]:
    """The whole machine: no child outlives it."""
    post = stage.workers["prefork"]
    post.kill()
    yield
    post.start()


@contextmanager
def frozen(stage: Stage, _: Audience) -> Iterator[None]:
    """Longer than its lease."""
    group = os.getpgid(stage.workers["prefork"].process.pid)
    os.killpg(group, signal.SIGSTOP)
    yield
    os.killpg(group, signal.SIGCONT)


@contextmanager
def delivered_twice(_stage: Stage, _: Audience) -> Iterator[None]:
    """The broker's visibility timeout is shorter than the tasks: the plan does it."""
    yield


def _redelivery(timeout: float) -> dict[str, object]:
    """Celery's settings for a broker that delivers again after so many seconds."""
    options = {
        "visibility_timeout": timeout,
        "unacked_restore_interval": 1,
        "unacked_restore_throttle": 1,
    }
    return {"broker_transport_options": options}


FAULTS = (
    Fault(
        name="worker SIGKILL",
        what="a worker's machine dies; its tasks are acknowledged early, so nobody delivers them again",
        inflict=killed,
        lasts=4.0,
    ),
    Fault(
        name="worker SIGKILL, redelivered",
        what="the same with tasks that are acknowledged late: another run begins",
        inflict=killed,
        plan=Plan(job=LATE, conf=_redelivery(10)),
        lasts=10.0,
    ),
    Fault(
        name="worker SIGSTOP",
        what="a worker is paused for longer than its lease, and continues",
        inflict=frozen,
        lasts=6.0,
    ),
    Fault(
        name="delivered twice at once",
        what="the broker delivers a task again while it runs",
        inflict=delivered_twice,
        plan=Plan(job=LATE, conf=_redelivery(2)),
        lasts=5.0,
    ),
)
