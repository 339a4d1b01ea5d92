"""What happens to clients on the way: they are cut, and Redis' connections are killed."""

from __future__ import annotations

import asyncio
from itertools import cycle, product
from typing import TYPE_CHECKING

import httpx

from taskbeam.connections.asyncio_redis import CLIENT_NAME
from tests.support.clients import until
from tests.support.results import servers_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from stack.valkey import Valkey
    from tests.support.clients import Client, Event
    from tests.support.gateway import Gateway


async def some(
    client: Client, served: Gateway, name: str, after: str | None, is_cut: Callable[[Event], bool]
) -> list[Event]:
    """Events from the cursor on, until the client is cut after one of them, or they end."""

    async def cut(event: Event) -> bool:
        return is_cut(event)

    try:
        return await until(client(served, name, after), cut)
    except httpx.HTTPStatusError as error:
        # Redis was just cut off: an honest "unavailable" is no gap, the client comes again.
        if error.response.status_code != 503:
            raise
        return []


async def kill_redis_connections(valkey: Valkey, pause: float = 0.3) -> None:
    """Kill the gateway's subscription, then its reading connections too, every ``pause`` seconds.

    Until cancelled.
    """
    with servers_of(valkey.url()) as admins:
        for kinds in cycle([("pubsub",), ("pubsub", "normal")]):
            await asyncio.sleep(pause)
            for admin, kind in product(admins, kinds):
                for connection in await asyncio.to_thread(admin.client_list, kind):
                    if connection["name"] == CLIENT_NAME:
                        await asyncio.to_thread(admin.client_kill_filter, connection["id"])
