"""Clients that are cut by a server that stops, and go on at the next one with their cursor."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import httpx
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from .following import LONG, cookies

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from .serving import Served

PAUSE = 0.1


@dataclass
class Client:
    """What one client has, in the order in which it came; ``ends`` is how its connections ended."""

    shops: list[Served]
    urls: dict[str, str]
    events: list[dict[str, Any]] = field(default_factory=list)
    ends: list[str] = field(default_factory=list)
    now_at: int = 0

    @property
    def cursor(self) -> str | None:
        return self.events[-1]["id"] if self.events else None

    @property
    def done(self) -> bool:
        return bool(self.events) and bool(self.events[-1]["final"])

    def url(self, name: str) -> str:
        return self.shops[self.now_at].url(self.urls[name])

    def next_shop(self, end: str) -> None:
        """This one is gone, or about to be."""
        self.ends.append(end)
        self.now_at = min(self.now_at + 1, len(self.shops) - 1)


async def stream(client: Client, http: httpx.AsyncClient) -> None:
    """Server-Sent Events."""
    headers = cookies("ada") | {"Accept": "text/event-stream"}
    last_line = ""
    while not client.done:
        resume = {"Last-Event-ID": client.cursor} if client.cursor else {}
        try:
            async with http.stream("GET", client.url("events"), headers=headers | resume) as answer:
                async for line in answer.aiter_lines():
                    last_line = line or last_line
                    if line.startswith("data:"):
                        client.events.append(json.loads(line.removeprefix("data:")))
        except httpx.TransportError as error:
            last_line = type(error).__name__
        if not client.done:
            client.next_shop(last_line.partition(":")[0])
            await asyncio.sleep(PAUSE)


async def socket(client: Client, _: httpx.AsyncClient) -> None:
    """WebSocket."""
    while not client.done:
        query = f"?after={client.cursor}" if client.cursor else ""
        address = client.url("ws").replace("http", "ws", 1) + query
        end = "refused"
        try:
            async with connect(address, additional_headers=cookies("ada"), open_timeout=LONG) as connection:
                while not client.done:
                    client.events.append(json.loads(await connection.recv()))
        except ConnectionClosed as closed:
            end = str(closed.rcvd.code) if closed.rcvd is not None else "cut"
        except (OSError, InvalidHandshake) as error:
            end = type(error).__name__
        if not client.done:
            client.next_shop(end)
            await asyncio.sleep(PAUSE)


async def polling(client: Client, http: httpx.AsyncClient) -> None:
    """Long-polling: the server answers what it has when it stops."""
    while not client.done:
        params = {"wait": "50"} | ({"after": client.cursor} if client.cursor else {})
        try:
            answer = await http.get(client.url("events"), params=params, headers=cookies("ada"))
            assert answer.status_code == 200, answer.text
            client.events += answer.json()["events"]
        except httpx.TransportError as error:
            client.next_shop(type(error).__name__)
            await asyncio.sleep(PAUSE)


KINDS: dict[str, Callable[[Client, httpx.AsyncClient], Coroutine[Any, Any, None]]] = {
    "stream": stream,
    "socket": socket,
    "polling": polling,
}
