"""websockets for tests: it waits as long as a busy machine takes, and drops nobody who is late."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
import websockets.asyncio.client
import websockets.sync.client

from .waiting import DEADLINE

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def patient_websockets() -> Iterator[None]:
    """Until the block ends, clients that are told nothing else wait for `DEADLINE` until they are open.

    They ask for no pongs either: by default they close after 20 s without one, and a test that reads nothing
    for a while sees none.
    """
    with pytest.MonkeyPatch.context() as patch:
        for connect in (websockets.sync.client.connect, websockets.asyncio.client.connect.__init__):
            defaults = connect.__kwdefaults__
            assert defaults is not None
            patch.setitem(defaults, "open_timeout", DEADLINE)
            patch.setitem(defaults, "ping_interval", None)
        yield
