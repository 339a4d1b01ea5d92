"""Each proxy of docs/proxies/, on the Valkey of this folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from stack.valkey import Valkey

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="package")
def valkey() -> Iterator[Valkey]:
    """The folder's own."""
    with Valkey() as server:
        yield server


@pytest.fixture(scope="package")
def origin(valkey: Valkey) -> str:
    """Its URL without a database."""
    return valkey.url().removesuffix("/0")


@pytest.fixture(autouse=True, scope="package")
def believed() -> Iterator[None]:
    """The gateways believe the proxies of this machine."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("FORWARDED_ALLOW_IPS", "127.0.0.1")
        yield
