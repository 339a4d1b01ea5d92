"""A gateway in this process, of which it is told what its application was asked."""

from __future__ import annotations

import socket
from contextlib import contextmanager
from functools import partial
from threading import Thread
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import uvicorn

from app.main import create_app
from app.settings import Settings
from taskbeam.gateway.limits.portions import Portions
from taskbeam.gateway.limits.waiting_room import WaitingRoom
from taskbeam.gateway.server.connection_life import Bounds
from taskbeam.gateway.server.http import DetachableHttp
from taskbeam.gateway.server.intake import Intake
from taskbeam.gateway.server.server import Server
from taskbeam.gateway.server.websocket import DetachableWebSocket
from tests.support.event_stream import connected_socket
from tests.support.results import results_at
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from asyncio import Protocol
    from collections.abc import Iterator

    from starlette.types import Receive, Scope, Send

    from stack.valkey import Valkey
    from taskbeam.gateway import Gateway

BOUNDS = Bounds(32 * 1024, head=30, body=30, handshake=30)


class Watched(NamedTuple):
    """``asked``: the addresses of the requests that the application was given, in order."""

    port: int
    asked: list[str]

    def answer(self, request: bytes, *, until: bytes = b"\r\n\r\n") -> bytes:
        """What comes back up to that, or to the end of the connection."""
        with connected_socket(self.port) as connection:
            connection.sendall(request)
            received = b""
            while until not in received and (piece := connection.recv(65536)):
                received += piece
        return received


def is_connected(live: Gateway) -> bool:
    return live.running is not None and live.running.subscriber.connected


@contextmanager
def watched(valkey: Valkey, **settings: Any) -> Iterator[Watched]:
    """Serve as ``python -m app`` does, until the block ends."""
    configured = Settings(
        broker_url=valkey.url(0),
        result_backend="taskbeam+" + results_at(valkey.url(1)),
        **{"auth": "open", **settings},
    )
    app = create_app(configured)
    asked: list[str] = []

    async def watching(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "lifespan":
            asked.append(scope["raw_path"].decode())
        await app(scope, receive, send)

    intake = Intake(BOUNDS, WaitingRoom(100, 100), 100, Portions())
    config = uvicorn.Config(
        watching,
        log_config=None,
        http=cast("type[Protocol]", partial(DetachableHttp, intake, app.state.gateway.shortcut(app))),
        ws=DetachableWebSocket,
        timeout_graceful_shutdown=1,
    )
    server = Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = Thread(target=server.run, args=([listener],))
        thread.start()
        try:
            wait_until(lambda: server.started and is_connected(app.state.gateway))
            yield Watched(listener.getsockname()[1], asked)
        finally:
            server.should_exit = True
            thread.join()
