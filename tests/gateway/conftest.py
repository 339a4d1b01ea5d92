"""One gateway per module and serving path, on the Valkey of this folder."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
import pytest

from stack.valkey import Valkey
from tests.support.gateway import PATHS, Gateway, gateway
from tests.support.warm.programs import warm

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stack.process import Start


@pytest.fixture(scope="package")
def valkey() -> Iterator[Valkey]:
    """The folder's own: nobody else's clients, scripts, queues or keys are there."""
    with Valkey() as server:
        yield server


@pytest.fixture(scope="module", params=PATHS)
def served(request: pytest.FixtureRequest, valkey: Valkey) -> Iterator[Gateway]:
    """The module's gateway, with its `SETTINGS`; a module that measures memory says how to `START` it."""
    settings: dict[str, Any] = getattr(request.module, "SETTINGS", {})
    start: Start = getattr(request.module, "START", warm)
    with gateway(valkey.url().removesuffix("/0"), request.param, start=start, **settings) as running:
        yield running


@pytest.fixture(scope="module")
def http(served: Gateway) -> Iterator[httpx.Client]:
    """A client of the gateway, for whole answers; made once, for each one loads certificates."""
    with httpx.Client(base_url=served.http, timeout=60) as client:
        yield client
