"""An exchange with a server, for as long as a block lasts."""

from __future__ import annotations

from contextlib import aclosing, asynccontextmanager
from typing import TYPE_CHECKING, Any

import redis
import redis.asyncio
from redis.exceptions import NoScriptError, ResponseError

from taskbeam.follow.connections import exchange_with
from taskbeam.journal.pipelined_connection import PipelinedConnection
from taskbeam.measures.redis_traffic import RedisTraffic
from tests.support.results import connected_to

from .waiting import DEADLINE

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
    """With the server that a client has, or the cluster, or an `InMemory`."""
    if _is_in_memory(client):
        yield InMemory(client)
        return
    async with (
        connected_to(_url_of(client)) as asked,
        aclosing(exchange_with(asked, DEADLINE)) as connected,
    ):
        yield connected


def _is_in_memory(client: Any) -> bool:
    return isinstance(client, redis.Redis) and "host" not in client.connection_pool.connection_kwargs


def _url_of(client: Any) -> str:
    """Of a server; there is one cluster, whatever URL."""
    if isinstance(client, redis.RedisCluster):
        return ""
    return "redis://{host}:{port}/{db}".format_map(client.connection_pool.connection_kwargs)


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
