"""A proxy in front of a gateway that misbehaves on demand, as networks and companies' proxies do."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from .relay import BLACK_HOLE, Connection, Relay, Side

#: What a connection is used for; `poll` is one request for a task's events as JSON.
Kind = Literal["websocket", "sse", "poll", "other"]

_REFUSAL = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
_NOT_FOUND = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class Proxy(Relay):
    """A relay that serves one request per connection, and knows what it is used for.

    ``prefixes``: paths that the gateway is at, `/live` for instance: stripped from a request, and 404 to
    one without.
    """

    def __init__(self, port: int, prefixes: tuple[str, ...] = ("",)) -> None:
        super().__init__(port)
        #: Kinds of connections that are refused, and whose answers are buffered; for those that come.
        self.refused: set[Kind] = set()
        self.buffered: set[Kind] = set()
        #: How many connections of each kind there have been.
        self.opened: dict[Kind, int] = {}
        self._prefixes = prefixes

    @property
    def http(self) -> str:
        """The origin."""
        return f"http://127.0.0.1:{self.port}"

    def stall(self, *kinds: Kind) -> None:
        """Forward nothing more on the connections of these kinds, and keep them open."""
        self.change(BLACK_HOLE, *kinds)

    async def admit(self, client: Side) -> Connection | None:
        """Read the request's head, and pass it on."""
        head = await client.reader.readuntil(b"\r\n\r\n")
        method, _, rest = head.partition(b" ")
        prefix = next((each for each in self._prefixes if rest.startswith(f"{each}/".encode())), None)
        if prefix is None:
            await client.write(_NOT_FOUND)
            return None
        head = method + b" " + rest.removeprefix(prefix.encode())
        kind = _kind(head)
        self.opened[kind] = self.opened.get(kind, 0) + 1
        if kind in self.refused:
            await client.write(_REFUSAL)
            return None
        gateway = await self.connect()
        await gateway.write(head if kind == "websocket" else _single(head))
        weather = replace(self.weather, hold=True) if kind in self.buffered else self.weather
        return Connection(client, gateway, weather, kind)


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
