"""One stage with a worker of each pool, for all tests that leave the workers alive; others set their own.

And one whose messages come by RabbitMQ.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from taskbeam.celery import signals
from tests.support.patient_reports import patient_reports
from tests.support.rabbitmq import RabbitMQ, running_rabbitmq

from .stage import LONG_LIVED, Stage, served_for, staged, together
from .table import POOLS, RABBITMQ, pool_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.gateway import Gateway

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
    with staged(LONG_LIVED) as made:
        crew = [made.to(pool).worker(pool) for pool in POOLS]
        crew.append(made.to(SPARE).worker("prefork", concurrency=3))
        made.crew = len(crew)
        with together(crew):
            yield made


@pytest.fixture(scope="package")
def rabbitmq() -> Iterator[RabbitMQ]:
    """The node of all tests; each stage has a virtual host of its own."""
    with running_rabbitmq() as node:
        yield node


@pytest.fixture(scope="package")
def rabbitmq_crewed(rabbitmq: RabbitMQ) -> Iterator[Stage]:
    """The same by RabbitMQ, with prefork."""
    with staged(LONG_LIVED, rabbitmq.url()) as made:
        crew = [made.to("prefork").worker(), made.to(SPARE).worker(concurrency=3)]
        made.crew = len(crew)
        with together(crew):
            yield made


@pytest.fixture
def pool() -> str:
    """The column of the table. Whose tests run for several, parametrizes it."""
    return "prefork"


@pytest.fixture
def stage(request: pytest.FixtureRequest, pool: str) -> Stage:
    """Where this column's worker is."""
    crew: Stage = request.getfixturevalue("rabbitmq_crewed" if pool == RABBITMQ else "crewed")
    # Of several applications that know a task which ignores its result, the newest is taken for its sender's.
    signals.connect(crew.app)
    return crew.to(pool_of(pool))


@pytest.fixture
def spare(stage: Stage, pool: str) -> Stage:
    """Where a task may lose its process."""
    return stage.to(SPARE) if pool_of(pool) == "prefork" else stage


@pytest.fixture(scope="package")
def crewed_served(crewed: Stage) -> Iterator[Gateway]:
    with served_for(crewed) as running:
        yield running


@pytest.fixture(scope="package")
def rabbitmq_served(rabbitmq_crewed: Stage) -> Iterator[Gateway]:
    with served_for(rabbitmq_crewed) as running:
        yield running


@pytest.fixture
def served(request: pytest.FixtureRequest, pool: str) -> Gateway:
    """The gateway of this column's stage."""
    running: Gateway = request.getfixturevalue("rabbitmq_served" if pool == RABBITMQ else "crewed_served")
    return running


@pytest.fixture(scope="module")
def empty() -> Iterator[Stage]:
    """A server of the module's own, without a worker."""
    with staged() as made:
        yield made
