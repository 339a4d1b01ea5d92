"""Two gateways behind a proxy: when one stops, its clients come back by themselves and miss nothing."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from websockets.exceptions import WebSocketException

from tests.support.clients import TRANSPORTS
from tests.support.gateway import PATHS, gateway
from tests.support.reverse_proxies import EXPRESS, INSTALLED, Hop, ReverseProxy, running
from tests.support.waiting import DEADLINE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.gateway import Gateway
    from tests.support.journal import Journals

#: So many of each transport that either gateway has some of them.
CLIENTS = 6


async def follow_to_the_end(hop: Hop, task_id: str, transport: str, received: list[dict[str, Any]]) -> int:
    """As a browser's client does: back with the cursor, whenever the connection ends; how often it came."""
    came = 0
    while not (received and received[-1]["final"]):
        came += 1
        after = received[-1]["id"] if received else None
        try:
            async with aclosing(TRANSPORTS[transport](hop, task_id, after)) as events:  # type: ignore[type-var]
                async for event in events:
                    received.append(event)  # noqa: PERF401  # what came before a cut counts
        except (httpx.HTTPError, WebSocketException, OSError):
            await asyncio.sleep(0.1)
    return came


@pytest.fixture(scope="module", params=PATHS)
def staying(request: pytest.FixtureRequest, origin: str) -> Iterator[tuple[str, Gateway]]:
    """The other gateway, and by which path both serve."""
    with gateway(origin, request.param) as running_gateway:
        yield request.param, running_gateway


@pytest.mark.parametrize(
    "proxy", [each for each in INSTALLED if each is not EXPRESS], ids=lambda proxy: proxy.name
)
def test_clients_of_a_gateway_that_stops_go_on_at_the_other(
    proxy: ReverseProxy, staying: tuple[str, Gateway], origin: str, journals: Journals, tmp_path: Path
) -> None:
    task = journals.task()
    path, second = staying

    async def scenario(hop: Hop, first: Gateway) -> None:
        received: list[list[dict[str, Any]]] = [[] for _ in range(CLIENTS * len(TRANSPORTS))]
        clients = [
            asyncio.create_task(follow_to_the_end(hop, task.id, list(TRANSPORTS)[number % 4], events))
            for number, events in enumerate(received)
        ]

        async def everybody_has(count: int) -> None:
            async with asyncio.timeout(DEADLINE):
                while any(len(events) < count for events in received):  # noqa: ASYNC110
                    await asyncio.sleep(0.02)

        await everybody_has(1)
        assert min(first.clients(), second.clients()) > 0
        await asyncio.to_thread(first.process.stop)
        task.grow(3)
        await everybody_has(4)
        task.finish()
        async with asyncio.timeout(DEADLINE):
            came = await asyncio.gather(*clients)
        assert max(came) > 1
        expected = [str(record.id) for record in task.records()]
        assert [[event["id"] for event in events] for events in received] == [expected] * len(received)

    with (
        gateway(origin, path, shutdown_timeout=2) as first,
        running(proxy, tmp_path, first, second) as hop,
    ):
        asyncio.run(scenario(hop, first))
