"""A client of a test that says nothing else waits long enough for a busy machine."""

from __future__ import annotations

import inspect

from websockets.asyncio.client import connect as connect_async
from websockets.sync.client import connect

from tests.support.waiting import DEADLINE


def test_its_handshake_has_the_tests_deadline() -> None:
    assert inspect.signature(connect).parameters["open_timeout"].default == DEADLINE
    assert inspect.signature(connect).parameters["ping_interval"].default is None
    assert inspect.signature(connect_async).parameters["open_timeout"].default == DEADLINE
    assert inspect.signature(connect_async).parameters["ping_interval"].default is None
