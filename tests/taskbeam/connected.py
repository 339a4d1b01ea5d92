"""An exchange with a server, for as long as a block lasts."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import redis.asyncio

from taskbeam.journal.pipelined_connection import Exchange

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@asynccontextmanager
async def exchange(url: str, **options: Any) -> AsyncIterator[Exchange]:
    """``options`` are those of redis-py's client."""
    async with redis.asyncio.Redis.from_url(url, **options) as client:
        connected = Exchange(client)
        yield connected
        await connected.aclose()
