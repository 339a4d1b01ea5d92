"""A connection that is over is gone at once: a crowd that comes and goes leaves no cycles to be collected.

The collector stops everybody: it took 36 ms at a time for what 3,000 strangers left.
"""

from __future__ import annotations

import asyncio
import weakref
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
import uvicorn
from uvicorn.server import ServerState

from taskbeam.gateway.limits.portions import Portions
from taskbeam.gateway.limits.waiting_room import WaitingRoom
from taskbeam.gateway.server.connection_life import Bounds
from taskbeam.gateway.server.guarded_http import GuardedHttp
from taskbeam.gateway.server.http import DetachableHttp
from taskbeam.gateway.server.intake import Intake
from taskbeam.gateway.server.websocket import DetachableWebSocket, GuardedWebSocket
from tests.gateway.test_connection_walks import UPGRADE
from tests.support.collector import without_collector

if TYPE_CHECKING:
    from collections.abc import Callable

CHUNKED = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"

SENT = {
    "nothing": b"",
    "half a head": b"GET / HTTP/1.1\r\nHost",
    "half a body": b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n ",
    "trailers": CHUNKED + b"0\r\na: b\r\n",
    "a request": b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    "requests": b"GET / HTTP/1.1\r\nHost: x\r\n\r\n" * 100,
    "no request": b"\x00\r\n\r\n",
    "an upgrade that cannot be": b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n"
    + UPGRADE
    + b"\r\nabc",
}


async def answering(scope: Any, receive: Callable[[], Any], send: Callable[[Any], Any]) -> None:  # noqa: ARG001
    while (await receive())["type"] != "http.disconnect":
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
        await send({"type": "http.response.body", "body": b"ok"})


async def left_of(kind: type[GuardedHttp], sent: bytes) -> bool:
    """Whether anything is left of a connection on which that was sent."""
    ws = DetachableWebSocket if kind is DetachableHttp else GuardedWebSocket
    config = uvicorn.Config(answering, log_config=None, access_log=False, ws=ws, forwarded_allow_ips=[])
    config.load()
    bounds = Bounds(head_bytes=2000, head=60, body=60, handshake=60)
    options = [Intake(bounds, WaitingRoom(100, 100), 100, Portions())]
    options += [None] if kind is DetachableHttp else []  # type: ignore[list-item]
    make = partial(kind, *options, config, ServerState(), {})
    made: list[weakref.ref[GuardedHttp]] = []
    talking = asyncio.Event()

    def factory() -> GuardedHttp:
        protocol = make()
        made.append(weakref.ref(protocol))
        talking.set()
        return protocol

    async with await asyncio.get_running_loop().create_server(factory, "127.0.0.1", 0) as server:
        _, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        writer.write(sent)
        await talking.wait()
        await asyncio.sleep(0.05)  # some of it, whatever came of it by now
        writer.close()
        for _ in range(600):
            if made[0]() is None:
                return False
            await asyncio.sleep(0.05)
    return True


@pytest.mark.parametrize("sent", SENT.values(), ids=SENT)
@pytest.mark.parametrize("kind", [GuardedHttp, DetachableHttp])
def test_nothing_is_left_of_a_connection(kind: type[GuardedHttp], sent: bytes) -> None:
    with without_collector():
        assert not asyncio.run(left_of(kind, sent))
