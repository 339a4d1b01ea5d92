"""What a server does for a browser, it does for the load generator's clients."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING

import pytest

from benchmarks.load.audience import Audience
from benchmarks.load.client import WebSocketClient
from benchmarks.load.payload import new_task_id
from benchmarks.load.publisher import Publisher
from benchmarks.recipes.redis_py import RedisPy
from benchmarks.recipes.taskbeam import Taskbeam
from benchmarks.server import Server, serving

if TYPE_CHECKING:
    from benchmarks.load.tally import Tally
    from stack.valkey import Valkey

RECIPES = (Taskbeam(), Taskbeam(detach=False), RedisPy(), RedisPy(leanest=True))


async def is_compressed(server: Server, redis_port: int) -> bool:
    """Follow a task over a WebSocket; every event must come."""
    clients: list[WebSocketClient] = []

    def connecting(path: str, tally: Tally) -> WebSocketClient:
        clients.append(WebSocketClient(path, tally))
        return clients[-1]

    recipe, task_id = server.recipe, new_task_id()
    publisher = await Publisher.connect(redis_port, recipe.greeting())
    audience = Audience(publisher, recipe.publish)
    try:
        await audience.open(connecting, server.port, [(task_id, recipe.path("WebSocket", task_id))])
        for _ in range(3):
            audience.publish(task_id)
        assert await audience.complete()
        assert not audience.faults
    finally:
        audience.close()
        publisher.close()
    return clients[0].inflater is not None


@pytest.mark.skipif(sys.platform == "win32", reason="the recipes run on uvloop")
def test_the_usual_recipe_compresses_and_the_others_do_not(valkey: Valkey) -> None:
    with serving(RECIPES, valkey.port, frozenset()) as servers:
        compressed = {server.recipe: asyncio.run(is_compressed(server, valkey.port)) for server in servers}
    assert compressed == {recipe: recipe == RedisPy() for recipe in RECIPES}
