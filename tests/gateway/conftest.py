"""One gateway per module and serving path, on the Valkey of this folder."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
import pytest

from stack.valkey import Valkey
from tests.support.gateway import PATHS, Gateway, gateway
from tests.support.journal import Journals, Task

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="package")
def valkey() -> Iterator[Valkey]:
    """The folder's own: nobody else's clients, scripts, queues or keys are there."""
    with Valkey() as server:
        yield server


@pytest.fixture(scope="module", params=PATHS)
def served(request: pytest.FixtureRequest, valkey: Valkey) -> Iterator[Gateway]:
    """The module's gateway; its `SETTINGS`, if it has any, are the gateway's."""
    settings: dict[str, Any] = getattr(request.module, "SETTINGS", {})
    with gateway(valkey.url().removesuffix("/0"), request.param, **settings) as running:
        yield running


@pytest.fixture(scope="module")
def http(served: Gateway) -> Iterator[httpx.Client]:
    """A client of the gateway, for whole answers; made once, for each one loads certificates."""
    with httpx.Client(base_url=served.http, timeout=60) as client:
        yield client


@pytest.fixture(scope="package")
def journals(valkey: Valkey) -> Iterator[Journals]:
    with Journals(valkey.url(1)) as found:
        yield found


@pytest.fixture
def task(journals: Journals) -> Task:
    """A task that was just sent."""
    return journals.task()
