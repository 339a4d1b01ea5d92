"""uvicorn, which sleeps while nothing happens, and whose silent clients the kernel gives up."""

from __future__ import annotations

import asyncio
import random
import socket
from typing import TYPE_CHECKING

import uvicorn

from taskbeam.gateway.server.guarded_http import GuardedHttp
from taskbeam.gateway.server.open_files import Shortage
from taskbeam.gateway.server.websocket import GuardedWebSocket

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import FrameType

#: Seconds for which data may be unacknowledged, or wait for a client that does not read (tcp(7)). Whoever
#: comes back has a cursor.
USER_TIMEOUT = 40

#: Connections that wait to be accepted, as uvicorn has it.
BACKLOG = 2048

#: Seconds between two looks at the clock.
TICK = 1.0

#: Connections that are not detached. What holds one open for long is told by the gateway itself.
_REQUESTS = (GuardedHttp, GuardedWebSocket)

#: Seconds between two looks at who is still connected while the server stops, as uvicorn has it.
LOOK = 0.1

#: Of uvicorn's ticks, those of this number renew the ``Date`` header.
_RENEWING = 0


class Server(uvicorn.Server):
    """Serves like `uvicorn.run`.

    uvicorn looks ten times a second whether it should exit, which is most of what an idle gateway would
    cost. Here the signal says so, and a look each second is left, for the ``Date`` header and open files.
    """

    _loop: asyncio.AbstractEventLoop | None = None
    _exit: asyncio.Future[None]

    def __init__(self, config: uvicorn.Config, drain: float = 0.0) -> None:
        """``drain``: seconds within which connections are ended, one after the other, when it stops."""
        super().__init__(config)
        self._drain_seconds = drain

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        for server in self.servers:
            _give_up_silent_clients(server.sockets)

    async def main_loop(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._exit = self._loop.create_future()
        shortage = Shortage()
        shortage.listen(self._loop)
        while not await self.on_tick(_RENEWING):
            shortage.look()
            await asyncio.wait([self._exit], timeout=TICK)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        if self._drain_seconds:
            for listening in (*self.servers, *(sockets or ())):
                listening.close()
            await self._drain()
        await super().shutdown(sockets)

    async def _drain(self) -> None:
        """End the streams that are there, in any order, evenly over the time for it. Requests go on."""
        streams = [each for each in self.server_state.connections if not isinstance(each, _REQUESTS)]
        random.shuffle(streams)
        loop = asyncio.get_running_loop()
        began, total = loop.time(), len(streams)
        while (part := (loop.time() - began) / self._drain_seconds) < 1 and not self.force_exit:
            left = round(total * (1 - part))
            for stream in streams[left:]:
                stream.shutdown()
            del streams[left:]
            await asyncio.sleep(min(LOOK, self._drain_seconds * (1 - part)))

    async def _wait_tasks_to_complete(self) -> None:
        try:
            await self._end_connections()
            await super()._wait_tasks_to_complete()
        except asyncio.CancelledError:  # the time for it is over
            for connection in tuple(self.server_state.connections):
                if isinstance(connection, GuardedHttp):
                    connection.out_of_time()
            raise

    async def _end_connections(self) -> None:
        """Also those that were accepted in the last moment, and were none yet when uvicorn told them all."""
        while self.server_state.connections and not self.force_exit:
            for connection in tuple(self.server_state.connections):
                connection.shutdown()
            await asyncio.sleep(LOOK)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        super().handle_exit(sig, frame)
        # A signal may come between any two instructions of the loop.
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._told_to_exit)

    def _told_to_exit(self) -> None:
        if not self._exit.done():
            self._exit.set_result(None)


def _give_up_silent_clients(listening: Sequence[socket.socket]) -> None:
    """A connection takes the option over from the socket that it was accepted on (tcp(7))."""
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        for each in listening:
            if each.family != socket.AF_UNIX:
                each.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, USER_TIMEOUT * 1000)


def shared_listener(host: str, port: int) -> socket.socket:
    """A socket that listens beside those of other processes.

    The system hands each new connection to one of them (SO_REUSEPORT, socket(7)); all must say that they
    share, and belong to one user. Raises `OSError`; `ValueError` where the system has no such option.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family, backlog=BACKLOG, reuse_port=True)
