"""Clients that do what a page does: follow a task, and ask for it now and then, each with its own token.

They share one process, and what it costs to hear an event is a part of each latency. So they are the raw
protocols of the load generator.
"""

from __future__ import annotations

import asyncio
import json
import time
from contextlib import suppress
from random import random
from typing import TYPE_CHECKING, Any, NamedTuple

from ..load.client import WebSocketClient
from ..load.following import Following
from ..load.tally import Tally
from ..namespace import client_socket

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator, Sequence

    from .origins import Origin

#: Seconds between two requests of a client.
ASKS_EVERY = 2.0

#: Seconds until a client that is not answered counts as refused.
TIMEOUT = 60.0


class Felt(NamedTuple):
    """What they noticed: the latency of each event and of each request, in seconds, and who was refused."""

    events: Sequence[float]
    requests: Sequence[float]
    refused: Sequence[str]


class _Client(NamedTuple):
    """One of them: where it is, and how it follows the task."""

    address: str
    token: str
    followed: WebSocketClient


class Honest:
    """So many as there are tokens; they come for each `work`, and go."""

    def __init__(self, origin: Origin, port: int, task_id: str, tokens: Sequence[str]) -> None:
        self._origin = origin
        self._to = (origin.host, port)
        self._task_id = task_id
        self._tokens = tokens

    async def work(self, watched: float) -> Felt:
        """Come; when all are there, stay so many seconds, and until each had an event and an answer."""
        tally, requests, refused = Tally(), list[float](), list[str]()
        addresses: Iterator[str] = self._origin.honest()
        came = await asyncio.gather(
            *(self._come(next(addresses), token, tally) for token in self._tokens), return_exceptions=True
        )
        clients = [client for client in came if not isinstance(client, BaseException)]
        refused += [repr(client) for client in came if isinstance(client, BaseException)]
        before, ends = len(tally.latencies), time.time() + watched
        asking = (self._ask(client, ends, requests) for client in clients)
        refused += [repr(error) for error in await asyncio.gather(*asking, return_exceptions=True) if error]
        await asyncio.sleep(ends - time.time())
        if not await tally.reach(before + len(clients), TIMEOUT):
            refused.append("no events came")
        for client in clients:
            refused += ["cut"] if client.followed.cut else []
            refused += [f"{client.followed.faults} events lost"] if client.followed.faults else []
            client.followed.close()
        return Felt(tally.latencies[before:], requests, refused)

    async def _come(self, address: str, token: str, tally: Tally) -> _Client:
        """Raises `OSError` where it is refused."""
        after = (await self._snapshot(address, token))["last_event_id"]
        following = Following(
            f"/tasks/{self._task_id}/ws?after={after}", f"Authorization: Bearer {token}\r\n"
        )
        followed = WebSocketClient(following, tally)
        connected = await self._connected(address)
        await asyncio.get_running_loop().create_connection(lambda: followed, sock=connected)
        await asyncio.wait_for(followed.opened(), TIMEOUT)
        return _Client(address, token, followed)

    async def _ask(self, client: _Client, ends: float, took: list[float]) -> None:
        """Now and then until then, and once at least. Raises `OSError` where it is refused."""
        await asyncio.sleep(random() * min(ASKS_EVERY, ends - time.time()))
        while True:
            began = time.time()
            await self._snapshot(client.address, client.token)
            took.append(time.time() - began)
            if time.time() + ASKS_EVERY > ends:
                return
            await asyncio.sleep(ASKS_EVERY)

    async def _snapshot(self, address: str, token: str) -> Any:
        """Ask for the task on a connection of its own; raises `OSError` for any other answer."""
        reader, writer = await asyncio.open_connection(sock=await self._connected(address))
        writer.write(
            f"GET /tasks/{self._task_id} HTTP/1.1\r\nHost: taskbeam.test\r\nConnection: close\r\n"
            f"Authorization: Bearer {token}\r\n\r\n".encode()
        )
        head, _, body = (await asyncio.wait_for(reader.read(), TIMEOUT)).partition(b"\r\n\r\n")
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()
        if not head.startswith(b"HTTP/1.1 200 "):
            raise ConnectionRefusedError(head.partition(b"\r\n")[0].decode() or "closed without an answer")
        return json.loads(body)

    async def _connected(self, address: str) -> socket.socket:
        client = client_socket(address)
        try:
            await asyncio.wait_for(asyncio.get_running_loop().sock_connect(client, self._to), TIMEOUT)
        except BaseException:
            client.close()
            raise
        return client
