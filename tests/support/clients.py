"""One client per transport. Each takes events from a cursor on until it is cut, or the task or feed ends."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from functools import partial
from typing import Any
from urllib.parse import quote

import httpx
import websockets
from websockets.asyncio.client import connect

from .gateway import Gateway

Event = dict[str, Any]
Client = Callable[[Gateway, str, str | None], AsyncIterator[Event]]


def _http() -> httpx.AsyncClient:
    # Loading certificates for each client would cost more than all the rest.
    return httpx.AsyncClient(verify=False)


async def _sse(of: str, gateway: Gateway, name: str, after: str | None) -> AsyncIterator[Event]:
    """As the HTML standard has it: an event counts when its blank line has come."""
    headers = {"Accept": "text/event-stream"} | ({"Last-Event-ID": after} if after else {})
    async with (
        _http() as http,
        http.stream("GET", f"{gateway.http}/{of}/{quote(name)}/events", headers=headers) as response,
    ):
        if response.status_code == 204:
            return
        response.raise_for_status()
        data, event_id = "", ""
        async for line in response.aiter_lines():
            field, _, value = line.partition(": ")
            if field == "data":
                data = value
            elif field == "id":
                event_id = value
            elif not line and data:
                event = json.loads(data)
                assert event.get("id", "") == event_id
                yield event
                data, event_id = "", ""


async def websocket(gateway: Gateway, task_id: str, after: str | None) -> AsyncIterator[Event]:
    """One socket for one task."""
    query = f"?after={after}" if after else ""
    async with connect(f"{gateway.ws}/tasks/{task_id}/ws{query}", max_queue=None) as socket:
        try:
            while True:
                yield json.loads(await socket.recv())
        except websockets.ConnectionClosedOK:
            return


async def _multiplex(member: str, gateway: Gateway, name: str, after: str | None) -> AsyncIterator[Event]:
    """The socket for many, used for one."""
    async with connect(f"{gateway.ws}/ws", max_queue=None) as socket:
        await socket.send(json.dumps({"op": "subscribe", member: name, "after": after}))
        async for text in socket:
            message = json.loads(text)
            if message.get("op") == "unsubscribed" or message.get("code") == "unavailable":
                return
            if "op" not in message:
                yield message


async def _polling(of: str, gateway: Gateway, name: str, after: str | None) -> AsyncIterator[Event]:
    """Long-polling the JSON form."""
    async with _http() as http:
        while True:
            query = {"wait": "10"} | ({"after": after} if after else {})
            response = await http.get(f"{gateway.http}/{of}/{quote(name)}/events", params=query)
            answer = response.raise_for_status().json()
            for event in answer["events"]:
                yield event
            after = answer["last_event_id"]
            if answer["final"]:
                return


TRANSPORTS: dict[str, Client] = {
    "sse": partial(_sse, "tasks"),
    "websocket": websocket,
    "multiplex": partial(_multiplex, "task_id"),
    "polling": partial(_polling, "tasks"),
}

#: The same for a feed, by its name. What has no number comes with those that stay connected.
FEED_TRANSPORTS: dict[str, Client] = {
    "sse": partial(_sse, "feeds"),
    "multiplex": partial(_multiplex, "feed"),
    "polling": partial(_polling, "feeds"),
}


async def until(events: AsyncIterator[Event], cut: Callable[[Event], Awaitable[bool]]) -> list[Event]:
    """Take events until ``cut`` says so (the connection is then dropped) or they end."""
    taken: list[Event] = []
    async with aclosing(events) as stream:  # type: ignore[type-var]
        async for event in stream:
            taken.append(event)
            if await cut(event):
                break
    return taken
