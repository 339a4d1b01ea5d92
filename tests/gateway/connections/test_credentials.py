"""Credential providers, asked from an event loop."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING

from redis.credentials import UsernamePasswordCredentialProvider

from taskbeam.connections.credentials import asyncio_credentials

from .credentials import PASSWORD, USER, Asyncio, Blocking

if TYPE_CHECKING:
    import pytest


def test_one_that_blocks_is_asked_beside_the_loop(caplog: pytest.LogCaptureFixture) -> None:
    provider = Blocking()
    asked = asyncio.run(asyncio_credentials(provider).get_credentials_async())
    assert asked == (USER, PASSWORD)
    (thread,) = provider.asked_in
    assert thread != threading.current_thread().name
    assert not caplog.records  # redis-py warns, at each connection, of one that does not know asyncio


def test_one_that_knows_asyncio_is_taken_as_it_is() -> None:
    for provider in (Asyncio(), UsernamePasswordCredentialProvider(USER, PASSWORD)):
        assert asyncio_credentials(provider) is provider
