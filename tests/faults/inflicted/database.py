"""The database that tasks write to: Celery tries them again until it is back."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from tests.faults.fault import Fault
from tests.faults.jobs import STORING
from tests.faults.plan import Plan

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.faults.clients.audience import Audience
    from tests.faults.stage import Stage


@contextmanager
def killed(stage: Stage, _: Audience) -> Iterator[None]:
    stage.servers.sql.kill()
    yield
    stage.servers.sql.start()


FAULTS = (
    Fault(
        name="SQL away",
        what="the database that tasks write to dies, and starts again; Celery retries them meanwhile",
        inflict=killed,
        plan=Plan(sql=True, job=STORING),
        lasts=5.0,
    ),
)
