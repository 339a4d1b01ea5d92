"""A TCP relay whose weather a test changes: what passes is cut, delayed, slowed or swallowed."""

from __future__ import annotations

import asyncio
import socket
import struct
from contextlib import suppress
from dataclasses import dataclass
from threading import Thread
from typing import TYPE_CHECKING, Any, Self, TypeVar

from .ending import end

if TYPE_CHECKING:
    from collections.abc import Coroutine

T = TypeVar("T")

_CHUNK = 16384

#: Pieces on their way in one direction. With more, the source has to wait, as by TCP's window.
_WINDOW = 256

#: Seconds from one portion to the next, where the bytes of each second are counted.
_PORTION = 0.1

#: A close with this option sends RST and drops what is not sent yet (socket(7)).
_LINGER_NOT = struct.pack("ii", 1, 0)


@dataclass(frozen=True, kw_only=True)
class Weather:
    """What happens to a connection's bytes from now on.

    - ``delay``: seconds that each piece is on its way, in either direction.
    - ``rate``: bytes per second that pass from the server to the client.
    - ``cut_at``: bytes that pass from the server to the client before the connection is cut. With 0 it is
      cut as soon as it is there.
    - ``reset``: it is cut by RST, and not by FIN.
    - ``hold``: nothing passes to the client until the server has ended its answer, as in a buffering proxy.
    - ``black_hole``: nothing passes in either direction, and the connection stays open.
    """

    delay: float = 0.0
    rate: int | None = None
    cut_at: int | None = None
    reset: bool = False
    hold: bool = False
    black_hole: bool = False


CALM = Weather()
BLACK_HOLE = Weather(black_hole=True)

#: To whoever connects it is as if the server died while it shakes hands.
RESET_AT_ONCE = Weather(cut_at=0, reset=True)


@dataclass(frozen=True)
class Side:
    """One of a connection's two sockets."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    def cut(self, *, reset: bool) -> None:
        if reset:
            connected = self.writer.get_extra_info("socket")
            with suppress(OSError):  # it is closed already
                connected.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOT)
        self.writer.transport.abort()

    async def write(self, data: bytes) -> None:
        """Returns when there is room for more."""
        self.writer.write(data)
        await self.writer.drain()


class Connection:
    """A client's connection, with the one to the server behind it. ``label`` says what it is used for."""

    def __init__(self, client: Side, server: Side, weather: Weather, label: str = "") -> None:
        self.label = label
        self._client = client
        self.server = server
        self._calm = asyncio.Event()
        self.change(weather)

    def change(self, weather: Weather) -> None:
        """Have another weather; bytes until a cut are counted from here."""
        self._weather = weather
        self._left = weather.cut_at
        if weather.black_hole:
            self._calm.clear()
        else:
            self._calm.set()
        if self._left == 0:
            self.cut(reset=weather.reset)

    def cut(self, *, reset: bool = False) -> None:
        """End it without a word."""
        self._calm.set()
        for side in (self._client, self.server):
            side.cut(reset=reset)

    async def carry(self) -> None:
        """Forward in both directions until one of the sides is gone."""
        async with asyncio.TaskGroup() as both:
            up = both.create_task(self._forward(self._client, self.server, down=False))
            await self._forward(self.server, self._client, down=True)
            await end(up)

    async def _forward(self, source: Side, target: Side, *, down: bool) -> None:
        """Read as fast as it comes: each piece has its own time on the way."""
        pieces: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(_WINDOW)
        now = asyncio.get_running_loop().time
        async with asyncio.TaskGroup() as both:
            both.create_task(self._deliver(pieces, target, down=down))
            with suppress(OSError):
                while data := await source.reader.read(_CHUNK):
                    await pieces.put((now() + self._weather.delay, data))
            await pieces.put((now(), b""))

    async def _deliver(self, pieces: asyncio.Queue[tuple[float, bytes]], target: Side, *, down: bool) -> None:
        """Write each piece when it is due; an empty one is the end."""
        held = b""
        try:
            while (piece := await pieces.get())[1]:
                due, data = piece
                await asyncio.sleep(due - asyncio.get_running_loop().time())
                await self._calm.wait()
                if down and self._weather.hold:
                    held += data
                elif down:
                    await self._write_down(target, data)
                else:
                    await target.write(data)
            await target.write(held)
            target.writer.write_eof()
        except OSError:
            self.cut()

    async def _write_down(self, target: Side, data: bytes) -> None:
        """Towards the client: as fast, and as far, as the weather allows."""
        weather = self._weather
        if self._left is not None:
            data = data[: self._left]
            self._left -= len(data)
        portion = max(1, len(data) if weather.rate is None else round(weather.rate * _PORTION))
        for start in range(0, len(data), portion):
            if start:
                await asyncio.sleep(_PORTION)
            await target.write(data[start : start + portion])
        if self._left == 0:
            self.cut(reset=weather.reset)


class Relay:
    """Listens on a port of its own, and forwards to ``behind`` on this machine; to be used in a `with`."""

    def __init__(self, behind: int) -> None:
        #: The port of the server. Connections that come from now on go there.
        self.behind = behind
        self._weather = CALM
        self._connections: set[Connection] = set()
        self._serving: set[asyncio.Task[Any]] = set()

    def __enter__(self) -> Self:
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever, name="relay", daemon=True)
        self._thread.start()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=1000)
        self._listener.setblocking(False)
        self._loop.call_soon_threadsafe(self._loop.add_reader, self._listener, self._accept)
        return self

    def __exit__(self, *_: object) -> None:
        self._wait_for(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    @property
    def port(self) -> int:
        """Where it listens."""
        port: int = self._listener.getsockname()[1]
        return port

    @property
    def weather(self) -> Weather:
        """Of all connections, those that are there and those that come."""
        return self._weather

    @weather.setter
    def weather(self, weather: Weather) -> None:
        self._weather = weather
        self.change(weather, *self.labels())

    def labels(self) -> set[str]:
        """What its connections are used for."""
        return {connection.label for connection in tuple(self._connections)}

    def live(self, *labels: str) -> int:
        """How many connections of these labels there are."""
        return len(self._of(labels))

    def cut(self, *labels: str, reset: bool = False) -> None:
        """Cut all connections of these labels; without any, all."""
        found = self._of(labels or tuple(self.labels()))
        self._do(lambda connection: connection.cut(reset=reset), found)

    def change(self, weather: Weather, *labels: str) -> None:
        """Have another weather on the connections of these labels that are there now."""
        self._do(lambda connection: connection.change(weather), self._of(labels))

    async def admit(self, client: Side) -> Connection | None:
        """A connection for a client that came; None if it is sent away."""
        return Connection(client, await self.connect(), self._weather)

    async def connect(self) -> Side:
        """A connection to the server."""
        return Side(*await asyncio.open_connection("127.0.0.1", self.behind))

    def _of(self, labels: tuple[str, ...]) -> list[Connection]:
        return [connection for connection in tuple(self._connections) if connection.label in labels]

    def _do(self, action: Any, connections: list[Connection]) -> None:
        async def each() -> None:
            for connection in connections:
                action(connection)

        self._wait_for(each())

    def _wait_for(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result()

    def _accept(self) -> None:
        """By itself: a connection that asyncio has accepted, and not given yet, nobody could end."""
        with suppress(BlockingIOError, ConnectionAbortedError):
            accepted, _ = self._listener.accept()
            accepted.setblocking(False)
            serving = self._loop.create_task(self._serve(accepted))
            self._serving.add(serving)
            serving.add_done_callback(self._serving.discard)
            serving.add_done_callback(lambda _: accepted.close())  # it may have ended before it began

    async def _close(self) -> None:
        self._loop.remove_reader(self._listener)
        self._listener.close()
        await asyncio.gather(*map(end, self._serving))

    async def _serve(self, accepted: socket.socket) -> None:
        sides: list[Side] = []
        try:
            sides.append(Side(*await asyncio.open_connection(sock=accepted)))
            with suppress(OSError, asyncio.IncompleteReadError):
                await self._carry(sides)
            for side in sides:
                side.writer.close()
            for side in sides:
                with suppress(OSError):
                    await side.writer.wait_closed()
        finally:
            # Whoever does not read what is left holds nothing up when the relay closes.
            for side in sides:
                side.writer.transport.abort()

    async def _carry(self, sides: list[Side]) -> None:
        client = sides[0]
        if self._weather.cut_at == 0:
            client.cut(reset=self._weather.reset)
            return
        connection = await self.admit(client)
        if connection is None:
            return
        sides.append(connection.server)
        self._connections.add(connection)
        try:
            await connection.carry()
        finally:
            self._connections.discard(connection)
