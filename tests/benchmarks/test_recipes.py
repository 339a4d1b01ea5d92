"""Every server that can run here delivers to the load generator's clients what it would to a browser."""

from __future__ import annotations

import asyncio
import re
import sys
from typing import TYPE_CHECKING

import pytest

from benchmarks.contest import attended
from benchmarks.load.client import WebSocketClient
from benchmarks.load.payload import new_task_id
from benchmarks.peers import BROADCASTER, EVERYBODY, OURS, POLLING, PORTABLE, USUAL
from benchmarks.roster import Roster
from benchmarks.server import Server, serving

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.load.client import Transport
    from benchmarks.recipes.recipe import Recipe
    from stack.valkey import Valkey


#: Polling skips what comes between two questions; broadcaster loses who subscribes first (its README's way).
RELIABLE = [recipe for recipe in EVERYBODY if recipe not in (POLLING, BROADCASTER)]

#: What may be lacking, with what to do about it.
LACKING = re.compile(r"needs (apt-get install|the command) \S+|was not compiled yet: make bench does it")


async def follow(server: Server, transport: Transport) -> bool:
    """Follow a task; every event must come. Returns whether the messages were compressed."""
    task_id = new_task_id()
    async with attended(server, [task_id], transport) as audience:
        for _ in range(3):
            audience.publish(task_id)
        assert await audience.complete()
        assert not any(audience.shortfall().values())
        [(_, client)] = audience.clients
        return isinstance(client, WebSocketClient) and client.inflater is not None


@pytest.mark.skipif(sys.platform == "win32", reason="the recipes run on uvloop")
@pytest.mark.parametrize("recipe", RELIABLE, ids=lambda recipe: recipe.name)
def test_everybody_delivers_or_says_what_is_lacking(
    recipe: Recipe, valkey: Valkey, record_property: Callable[[str, object], None]
) -> None:
    for name, reason in Roster.call([recipe], obtain=False).absent.items():
        assert LACKING.match(reason)
        record_property("lacking", f"{name} {reason}")
        return
    with serving([recipe], valkey, frozenset()) as [server]:
        for transport in recipe.clients:
            compressed = asyncio.run(follow(server, transport))
            assert not (compressed and recipe in (OURS, PORTABLE))
            assert compressed or recipe != USUAL or transport != "WebSocket"
