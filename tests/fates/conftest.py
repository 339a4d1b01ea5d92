"""One stage with a worker of each pool, for all tests that leave the workers alive; others set their own."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING

import pytest

from tests.support.gateway import Gateway, gateway

from .stage import Stage, staged, together
from .table import POOLS

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Seconds; a worker that is slow because the machine is busy must not be taken for a dead one here.
PATIENT_LEASE = 60


@pytest.fixture(scope="module", autouse=True)
def _one_application() -> None:
    """An earlier stage had the same tasks: where its application is still there, it is one too many."""
    gc.collect()


@pytest.fixture(scope="session")
def crewed() -> Iterator[Stage]:
    """A worker of each pool, on a queue of its own; one task at a time, so that what follows comes after."""
    with (
        staged({"taskbeam_options": {"lease": PATIENT_LEASE}}) as made,
        together(made.to(pool).worker(pool) for pool in POOLS),
    ):
        yield made


@pytest.fixture
def pool() -> str:
    """Whose tests run on several pools, parametrizes it."""
    return "prefork"


@pytest.fixture
def stage(crewed: Stage, pool: str) -> Stage:
    """Where this pool's worker is."""
    return crewed.to(pool)


@pytest.fixture(scope="session")
def served(crewed: Stage) -> Iterator[Gateway]:
    with gateway(crewed.valkey.url().rsplit("/", 1)[0]) as running:
        yield running


@pytest.fixture(scope="module")
def empty() -> Iterator[Stage]:
    """A server of the module's own, without a worker."""
    with staged() as made:
        yield made
