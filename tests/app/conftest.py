"""The service with accounts, open to everybody else, and browsers that have a cookie jar each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest

from stack.valkey import Valkey
from tests.support.gateway import PATHS, Gateway, gateway

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PASSWORD = "correct horse"


@pytest.fixture(scope="package")
def valkey() -> Iterator[Valkey]:
    """The folder's own: nobody else's clients, scripts, queues or keys are there."""
    with Valkey() as server:
        yield server


@pytest.fixture(scope="package", params=PATHS)
def served(
    request: pytest.FixtureRequest, valkey: Valkey, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Gateway]:
    accounts = tmp_path_factory.mktemp("accounts") / "not" / "yet" / "accounts.db"
    with gateway(valkey.url().removesuffix("/0"), request.param, accounts_db=accounts) as running:
        yield running


@pytest.fixture(scope="package")
def opened() -> Iterator[list[httpx.Client]]:
    clients: list[httpx.Client] = []
    yield clients
    for client in clients:
        client.close()


@pytest.fixture(scope="package")
def visit(served: Gateway, opened: list[httpx.Client]) -> Callable[[str | None], httpx.Client]:
    """A browser with an address of its own that an account is signed in at; nobody, without a name."""

    def of(name: str | None) -> httpx.Client:
        number = len(opened) + 1
        address = f"127.1.{number // 250}.{number % 250 + 1}"
        transport = httpx.HTTPTransport(local_address=address)
        client = httpx.Client(base_url=served.http, timeout=60, transport=transport)
        opened.append(client)
        if name is not None:
            credentials = {"name": name, "password": PASSWORD}
            if client.post("/account", json=credentials).status_code == 409:
                client.post("/session", json=credentials).raise_for_status()
        return client

    return of
