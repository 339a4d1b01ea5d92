"""A connection whose client acknowledges nothing of what is written to it is given up by the kernel."""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING, cast

import pytest
import uvicorn
import uvloop

from taskbeam.gateway.server.server import USER_TIMEOUT, Server

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from starlette.types import Receive, Scope, Send

pytestmark = pytest.mark.skipif(
    not hasattr(socket, "TCP_USER_TIMEOUT"), reason="this platform has no such option"
)

LOOPS = pytest.mark.parametrize("loop", [asyncio.SelectorEventLoop, uvloop.new_event_loop])


class Connection(asyncio.Protocol):
    """Takes a connection as uvicorn's HTTP does, and tells its user timeout in ms to its client."""

    def __init__(self, **_: object) -> None:
        pass

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        accepted = transport.get_extra_info("socket")
        milliseconds = 0
        if accepted.family != socket.AF_UNIX:
            milliseconds = accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT)
        cast("asyncio.WriteTransport", transport).write(b"%d" % milliseconds)
        transport.close()


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """Is asked nothing."""


def told(listener: socket.socket, loop: Callable[[], asyncio.AbstractEventLoop]) -> bytes:
    """What a client is told that connects to a server on that socket."""
    config = uvicorn.Config(application, http=Connection, lifespan="off", log_config=None)
    server = Server(config)

    async def ask() -> bytes:
        config.load()
        server.lifespan = config.lifespan_class(config)
        try:
            await server.startup([listener])
            if listener.family == socket.AF_UNIX:
                reader, writer = await asyncio.open_unix_connection(listener.getsockname())
            else:
                reader, writer = await asyncio.open_connection(*listener.getsockname()[:2])
            found = await reader.read()
            writer.close()
            await writer.wait_closed()
            return found
        finally:
            await server.shutdown([listener])

    with listener, asyncio.Runner(loop_factory=loop) as runner:
        return runner.run(ask())


class TestAConnection:
    @LOOPS
    @pytest.mark.parametrize(
        ("family", "host"),
        # A machine without an IPv6 address can be reached over IPv6's sockets all the same.
        [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::ffff:127.0.0.1")],
        ids=["IPv4", "IPv6"],
    )
    def test_is_given_up_when_nothing_is_acknowledged(
        self,
        family: socket.AddressFamily,
        host: str,
        loop: Callable[[], asyncio.AbstractEventLoop],
    ) -> None:
        listener = socket.socket(family)
        listener.bind((host, 0))
        assert told(listener, loop) == b"%d" % (USER_TIMEOUT * 1000)

    @LOOPS
    def test_within_the_machine_knows_no_such_silence(
        self, tmp_path: Path, loop: Callable[[], asyncio.AbstractEventLoop]
    ) -> None:
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(tmp_path / "gateway"))
        assert told(listener, loop) == b"0"
