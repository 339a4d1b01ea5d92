"""A proxy in front of a gateway that misbehaves on demand, as networks and companies' proxies do."""

from __future__ import annotations

import socket
from contextlib import suppress
from dataclasses import dataclass, field
from threading import Event, Lock, Thread
from typing import TYPE_CHECKING, Literal, Self

if TYPE_CHECKING:
    from collections.abc import Iterable

#: What a connection is used for; `poll` is one request for a task's events as JSON.
Kind = Literal["websocket", "sse", "poll", "other"]

_REFUSAL = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
_NOT_FOUND = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
_CHUNK = 65536


@dataclass(eq=False)
class Connection:
    """A client's connection, with the one to the gateway behind it."""

    kind: Kind
    client: socket.socket
    gateway: socket.socket
    #: Whether the gateway's bytes are held back until it has ended its answer.
    buffered: bool
    #: Set while bytes are forwarded.
    flows: Event = field(default_factory=Event)

    def cut(self) -> None:
        """End it without a word."""
        self.flows.set()
        for side in (self.client, self.gateway):
            with suppress(OSError):
                side.shutdown(socket.SHUT_RDWR)


@dataclass
class Proxy:
    """Serves one request per connection; ``refused`` and ``buffered`` hold for those that come."""

    port: int
    refused: set[Kind] = field(default_factory=set)
    buffered: set[Kind] = field(default_factory=set)
    #: How many connections of each kind there have been.
    opened: dict[Kind, int] = field(default_factory=dict)
    #: Paths that the gateway is at, `/live` for instance: stripped from a request, and 404 to one without.
    prefixes: tuple[str, ...] = ("",)

    def __enter__(self) -> Self:
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=100)
        self._live: set[Connection] = set()
        self._lock = Lock()
        Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.cut("websocket", "sse", "poll", "other")

    @property
    def http(self) -> str:
        """The origin."""
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def live(self, *kinds: Kind) -> int:
        """How many connections of these kinds there are."""
        return len(self._of(kinds))

    def cut(self, *kinds: Kind) -> None:
        """Cut all connections of these kinds."""
        for connection in self._of(kinds):
            connection.cut()

    def stall(self, *kinds: Kind) -> None:
        """Forward nothing more on the connections of these kinds, and keep them open."""
        for connection in self._of(kinds):
            connection.flows.clear()

    def _of(self, kinds: Iterable[Kind]) -> list[Connection]:
        with self._lock:
            return [connection for connection in self._live if connection.kind in kinds]

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client, suppress(OSError):
            head = _head(client)
            if not head:
                return
            method, _, rest = head.partition(b" ")
            prefix = next((each for each in self.prefixes if rest.startswith(f"{each}/".encode())), None)
            if prefix is None:
                client.sendall(_NOT_FOUND)
                return
            head = method + b" " + rest.removeprefix(prefix.encode())
            kind = _kind(head)
            self.opened[kind] = self.opened.get(kind, 0) + 1
            if kind in self.refused:
                client.sendall(_REFUSAL)
                return
            with socket.create_connection(("127.0.0.1", self.port)) as gateway:
                gateway.sendall(head if kind == "websocket" else _single(head))
                self._join(Connection(kind, client, gateway, kind in self.buffered))

    def _join(self, connection: Connection) -> None:
        with self._lock:
            self._live.add(connection)
        connection.flows.set()
        flows = connection.flows
        upwards = Thread(target=_pump, args=(connection.client, connection.gateway, flows), daemon=True)
        upwards.start()
        try:
            _pump(connection.gateway, connection.client, flows, hold=connection.buffered)
        finally:
            connection.cut()
            upwards.join()
            with self._lock:
                self._live.discard(connection)


def _head(client: socket.socket) -> bytes:
    head = b""
    while b"\r\n\r\n" not in head:
        data = client.recv(_CHUNK)
        if not data:
            return b""
        head += data
    return head


def _kind(head: bytes) -> Kind:
    lowered = head.lower()
    if b"\r\nupgrade: websocket" in lowered:
        return "websocket"
    if b"\r\naccept: text/event-stream" in lowered:
        return "sse"
    return "poll" if b"/events?" in lowered.split(b"\r\n", 1)[0] else "other"


def _single(head: bytes) -> bytes:
    """The request without keep-alive, so that a connection stands for a request."""
    lines = [line for line in head.split(b"\r\n") if not line.lower().startswith(b"connection:")]
    return b"\r\n".join([lines[0], b"Connection: close", *lines[1:]])


def _pump(source: socket.socket, target: socket.socket, flows: Event, *, hold: bool = False) -> None:
    """Forward until the source ends; what is held is forwarded then."""
    held = b""
    with suppress(OSError):
        while data := source.recv(_CHUNK):
            flows.wait()
            if hold:
                held += data
            else:
                target.sendall(data)
        target.sendall(held)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)
