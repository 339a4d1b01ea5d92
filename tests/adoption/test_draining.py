"""A server that is told to stop lets go of its clients, which go on at the next one and miss nothing."""

from __future__ import annotations

import asyncio
import signal
import time
from typing import TYPE_CHECKING

import httpx
import pytest

from .following import LONG, counted
from .resuming import KINDS, Client
from .serving import WAYS, Served, served

if TYPE_CHECKING:
    from pathlib import Path

    from .installing import Environment

pytestmark = [pytest.mark.timeout(900), pytest.mark.usefixtures("worker")]

#: Clients of each kind.
EACH = 15

#: Seconds until the process is gone; a server that waits for its clients would wait for ever, or be ended by
#: its own time-out of 30 s.
GONE = 25.0

#: hypercorn lets no signal through to its workers, and cuts what is left after its `graceful_timeout`.
DRAINED = [name for name in WAYS if "hypercorn" not in name]


@pytest.mark.parametrize("name", DRAINED)
def test_clients_go_on_at_another_server(
    name: str, environment: Environment, variables: dict[str, str], tmp_path: Path
) -> None:
    way = WAYS[name]
    with served(environment, way, variables) as first, served(environment, way, variables) as second:
        growing = tmp_path / "orders.log"
        growing.write_text("an order\n")
        urls = counted(first, "ada", growing)["urls"]
        clients = {kind: [Client([first, second], urls) for _ in range(EACH)] for kind in KINDS}
        seconds = asyncio.run(_stopped_amidst(first, clients, growing))
    print(f"{name}: gone after {seconds:.2f} s")
    assert seconds < GONE
    for kind, of_a_kind in clients.items():
        for client in of_a_kind:
            numbers = [int(event["id"].split("-")[1]) for event in client.events]
            assert numbers == list(range(1, len(numbers) + 1)), kind
            assert client.events[-1]["result"] == {"total": 3}
    assert {client.ends[0] for client in clients["stream"]} == {"retry"}
    assert {client.ends[0] for client in clients["socket"]} == {"1012"}


async def _stopped_amidst(first: Served, clients: dict[str, list[Client]], growing: Path) -> float:
    """Stop the first server when each client has something; returns the seconds until it is gone."""
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=0)
    async with httpx.AsyncClient(timeout=LONG, limits=limits) as http, asyncio.TaskGroup() as group:
        for kind, of_a_kind in clients.items():
            for client in of_a_kind:
                group.create_task(KINDS[kind](client, http))
        everybody = [client for of_a_kind in clients.values() for client in of_a_kind]
        async with asyncio.timeout(LONG):
            while not all(client.events for client in everybody):  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        began = time.monotonic()
        first.process.send_signal(signal.SIGTERM)
        with growing.open("a") as file:
            file.write("an order that came meanwhile\n")
        await asyncio.to_thread(first.process.wait, LONG)
        seconds = time.monotonic() - began
        with growing.open("a") as file:
            file.write("the last order\nend\n")
    return seconds
