"""An exchange with a server, for as long as a block lasts."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import redis
import redis.asyncio
from redis.exceptions import NoScriptError, ResponseError

from taskbeam.journal.pipelined_connection import PipelinedConnection
from taskbeam.measures.redis_traffic import RedisTraffic

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable


@asynccontextmanager
async def exchange(url: str, **options: Any) -> AsyncIterator[PipelinedConnection]:
    """``options`` are those of redis-py's client."""
    async with redis.asyncio.Redis.from_url(url, **options) as client:
        connected = PipelinedConnection(client)
        yield connected
        await connected.aclose()


@asynccontextmanager
async def exchange_of(client: redis.Redis) -> AsyncIterator[Any]:
    """With the server that a client has, or an `InMemory`."""
    where = client.connection_pool.connection_kwargs
    if "host" not in where:
        yield InMemory(client)
        return
    async with exchange(f"redis://{where['host']}:{where['port']}/{where['db']}") as connected:
        yield connected


class InMemory:
    """Stands in for one, where the server is in this process: each command is answered at once."""

    def __init__(self, client: redis.Redis) -> None:
        self._client = client
        self.traffic = RedisTraffic()

    def ask(self, then: Callable[[Any], None], *command: Any) -> None:
        """As `PipelinedConnection.ask`."""
        try:
            reply = self._client.execute_command(*command)
        except NoScriptError as error:  # whose code redis-py has taken off
            reply = ResponseError(f"NOSCRIPT {error}")
        except ResponseError as error:
            reply = error
        then(reply)
