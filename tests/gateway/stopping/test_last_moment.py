"""What comes in the moment in which the server begins to stop."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Any, cast

import uvicorn
from websockets.asyncio.client import connect

from taskbeam.gateway.limits.portions import Portions
from taskbeam.gateway.limits.waiting_room import WaitingRoom
from taskbeam.gateway.server.connection_life import Bounds
from taskbeam.gateway.server.guarded_http import GuardedHttp
from taskbeam.gateway.server.intake import Intake
from taskbeam.gateway.server.server import Server
from taskbeam.gateway.server.websocket import GuardedWebSocket
from tests.support.event_stream import connected_socket
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from asyncio import Protocol

    from starlette.types import Receive, Scope, Send

TIMEOUT = 120


async def accepting(scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG001
    """Accepts a WebSocket, and waits for its end."""
    while (await receive())["type"] == "websocket.connect":
        await send({"type": "websocket.accept"})


async def serving() -> tuple[Server, asyncio.Task[None]]:
    bounds = Bounds(32 * 1024, head=TIMEOUT, body=TIMEOUT, handshake=TIMEOUT)
    http = partial(GuardedHttp, Intake(bounds, WaitingRoom(100, 100), 100, Portions()))
    config = uvicorn.Config(
        cast("Any", accepting),
        port=0,
        lifespan="off",
        log_config=None,
        http=cast("type[Protocol]", http),
        ws=GuardedWebSocket,
        timeout_graceful_shutdown=TIMEOUT,
    )
    server = Server(config)
    task = asyncio.create_task(server._serve())
    await asyncio.to_thread(wait_until, lambda: server.started)
    return server, task


def port_of(server: Server) -> int:
    port: int = server.servers[0].sockets[0].getsockname()[1]
    return port


async def stop(server: Server, task: asyncio.Task[None]) -> None:
    server.handle_exit(15, None)
    async with asyncio.timeout(TIMEOUT / 2):
        await task


def test_a_connection_that_was_accepted_in_the_last_moment_is_closed() -> None:
    """It was none yet when the server told them all: nobody would have ended it for as long as it is used."""

    async def run() -> None:
        server, task = await serving()
        late = await asyncio.to_thread(connected_socket, port_of(server))
        with late:
            await asyncio.to_thread(wait_until, lambda: bool(server.server_state.connections))
            hidden = set(server.server_state.connections)
            server.server_state.connections.clear()
            asyncio.get_running_loop().call_later(0.05, server.server_state.connections.update, hidden)
            await stop(server, task)
            assert await asyncio.to_thread(late.recv, 1) == b""

    asyncio.run(run())


def test_a_socket_whose_application_has_no_time_to_say_why_is_closed_with_the_reason() -> None:
    async def run() -> None:
        server, task = await serving()
        async with connect(f"ws://127.0.0.1:{port_of(server)}/") as socket:
            await stop(server, task)
            await socket.wait_closed()
            assert (socket.close_code, socket.close_reason) == (1012, "restarting")

    asyncio.run(run())
