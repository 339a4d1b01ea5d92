"""One stage with a worker of each pool, for all tests that leave the workers alive; others set their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from taskbeam.celery import signals
from tests.support.gateway import Gateway, gateway
from tests.support.patient_reports import patient_reports

from .stage import Stage, staged, together
from .table import POOLS

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Seconds; a worker that is slow because the machine is busy must not be taken for a dead one here.
PATIENT_LEASE = 60


#: The queue of a prefork worker for tasks that lose their process: Celery takes seconds to replace the last.
SPARE = "spare"


@pytest.fixture(scope="package", autouse=True)
def _patient_reports() -> Iterator[None]:
    """Each task that a test sends is told as PENDING."""
    with patient_reports():
        yield


@pytest.fixture(scope="package")
def crewed() -> Iterator[Stage]:
    """A worker of each pool, on a queue of its own; one task at a time, so that what follows comes after."""
    with staged({"taskbeam_options": {"lease": PATIENT_LEASE}}) as made:
        crew = [made.to(pool).worker(pool) for pool in POOLS]
        with together([*crew, made.to(SPARE).worker("prefork", concurrency=3)]):
            yield made


@pytest.fixture
def pool() -> str:
    """Whose tests run on several pools, parametrizes it."""
    return "prefork"


@pytest.fixture
def stage(crewed: Stage, pool: str) -> Stage:
    """Where this pool's worker is."""
    # Of several applications that know a task which ignores its result, the newest is taken for its sender's.
    signals.connect(crewed.app)
    return crewed.to(pool)


@pytest.fixture
def spare(stage: Stage, pool: str) -> Stage:
    """Where a task may lose its process."""
    return stage.to(SPARE) if pool == "prefork" else stage


@pytest.fixture(scope="package")
def served(crewed: Stage) -> Iterator[Gateway]:
    with gateway(crewed.valkey.url().rsplit("/", 1)[0]) as running:
        yield running


@pytest.fixture(scope="module")
def empty() -> Iterator[Stage]:
    """A server of the module's own, without a worker."""
    with staged() as made:
        yield made
