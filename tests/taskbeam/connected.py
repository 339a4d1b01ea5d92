"""An exchange with a server, for as long as a block lasts."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import redis.asyncio

from taskbeam.journal.pipelined_connection import PipelinedConnection

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@asynccontextmanager
async def exchange(url: str, **options: Any) -> AsyncIterator[PipelinedConnection]:
    """``options`` are those of redis-py's client."""
    async with redis.asyncio.Redis.from_url(url, **options) as client:
        connected = PipelinedConnection(client)
        yield connected
        await connected.aclose()
