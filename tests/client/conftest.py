"""One gateway that asks for tokens, behind a relay, on the Valkey of this folder."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from stack.valkey import Valkey
from tests.support.gateway import Gateway, gateway
from tests.support.relay import CALM, Relay
from tests.support.tokens import TOKENS

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="package")
def valkey() -> Iterator[Valkey]:
    with Valkey() as server:
        yield server


@pytest.fixture(scope="package")
def settings() -> dict[str, Any]:
    return TOKENS | {"max_connections_per_identity": 0}


@pytest.fixture(scope="package")
def served(valkey: Valkey, settings: dict[str, Any]) -> Iterator[Gateway]:
    with gateway(valkey.url().removesuffix("/0"), **settings) as running:
        yield running


@pytest.fixture(scope="package")
def _relay(served: Gateway) -> Iterator[Relay]:
    with Relay(served.port) as relay:
        yield relay


@pytest.fixture
def relay(_relay: Relay) -> Iterator[Relay]:
    """The way to the gateway, whose weather is calm at first."""
    _relay.weather = CALM
    yield _relay
    _relay.weather = CALM


@pytest.fixture
def url(relay: Relay) -> str:
    return f"http://127.0.0.1:{relay.port}"
