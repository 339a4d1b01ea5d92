"""A stock application with our backend, its worker, and a relay before its Redis."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from stack.valkey import Valkey
from tests.support.closing import close_app
from tests.support.jobs import jobs_app
from tests.support.journal import Journals
from tests.support.results import results_at
from tests.support.worker import worker

if TYPE_CHECKING:
    from collections.abc import Iterator

    from celery import Celery


@pytest.fixture(scope="package")
def valkey() -> Iterator[Valkey]:
    with Valkey() as server:
        yield server


@pytest.fixture(scope="package")
def journals(valkey: Valkey) -> Iterator[Journals]:
    with Journals(valkey.url(1)) as found:
        yield found


@pytest.fixture(scope="package")
def app(valkey: Valkey) -> Iterator[Celery]:
    made = jobs_app(valkey.url(0), "taskbeam+" + results_at(valkey.url(1)))
    yield made
    close_app(made)


@pytest.fixture(scope="package")
def _working(valkey: Valkey) -> Iterator[None]:
    with worker(valkey.url(0), "taskbeam+" + results_at(valkey.url(1)), pool="threads"):
        yield


@pytest.fixture
def working(_working: None) -> None:
    """A worker takes the tasks."""
