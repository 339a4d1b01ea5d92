"""One Valkey for the folder, empty before each test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from stack.valkey import Valkey
from tests.support.gateway import Gateway, gateway
from tests.support.journal import Journals
from tests.support.results import control, emptied
from tests.support.tokens import TOKENS

if TYPE_CHECKING:
    from collections.abc import Iterator

    import redis

#: The database of the results.
DB = 1


@pytest.fixture(scope="package")
def valkey() -> Iterator[Valkey]:
    """The folder's own: nobody else's clients, scripts, queues or keys are there."""
    with Valkey() as server:
        yield server


@pytest.fixture
def store(valkey: Valkey) -> Iterator[redis.Redis]:
    """What is in Redis."""
    with emptied(valkey.url(DB), decode_responses=True) as client:
        yield client


@pytest.fixture
def journals(valkey: Valkey, store: redis.Redis) -> Iterator[Journals]:
    """Journals in it."""
    assert not store.exists(control().notify_targets)
    with Journals(valkey.url(DB)) as found:
        yield found


@pytest.fixture(scope="module")
def served(valkey: Valkey) -> Iterator[Gateway]:
    """A gateway that tells services, also on this machine."""
    settings = TOKENS | {"webhooks": [], "webhook_networks": '["127.0.0.0/8"]'}
    with gateway(valkey.url().removesuffix("/0"), **settings) as running:
        yield running
