"""A crowd of strangers that holds connections. It comes with one line of input, and leaves with the next.

    python -m benchmarks.abuses.strangers KIND ORIGIN PORT SIZE TOKEN [--give-way]

It says `there` when all have come once, and when it leaves how many have come back since. Whoever is sent
away comes back, so many per second. ``ORIGIN`` is one of `ORIGINS`, ``TOKEN`` one that is good for a task.
With ``--give-way`` it has only the CPU time that nobody else wants.
"""

from __future__ import annotations

import asyncio
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from tests.support.raw_websocket import HANDSHAKE, text

from ..machine import allow_many_sockets, give_way
from ..namespace import client_socket
from .origins import ORIGINS

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from .origins import Origin

#: Strangers that come back per second, however many were sent away.
RETURNING = 100

#: In so many parts they come back in a second: nobody waits for a burst.
TICKS = 50

#: Strangers that come at once.
BATCH = 100


class Kind(NamedTuple):
    """What a stranger sends: at first (with a token that it may use), and each second from then on."""

    opening: Callable[[str], bytes]
    more: bytes = b""


def request(line: str, *headers: str, rest: bytes = b"") -> bytes:
    lines = (line, "Host: 127.0.0.1", *headers)
    return "".join(f"{each}\r\n" for each in lines).encode() + rest


HANDSHAKE_OF_A_SOCKET = request("GET /ws HTTP/1.1", rest=HANDSHAKE + b"\r\n")

KINDS: Mapping[str, Kind] = {
    "idle TCP": Kind(lambda _: b""),
    "slow head": Kind(lambda _: request("GET /healthz HTTP/1.1"), b"X-More: 1\r\n"),
    "slow body": Kind(
        lambda _: request("POST /reports HTTP/1.1", "Content-Length: 100000", rest=b"\r\n"), b" " * 10
    ),
    "trailers": Kind(
        lambda _: request("POST /reports HTTP/1.1", "Transfer-Encoding: chunked", rest=b"\r\n0\r\n"),
        b"X-More: %b\r\n" % (b"z" * 1000),
    ),
    "hung upgrade": Kind(
        lambda _: request("POST /ws HTTP/1.1", "Content-Length: 3", rest=HANDSHAKE + b"\r\nabc")
    ),
    "anonymous /ws": Kind(lambda _: HANDSHAKE_OF_A_SOCKET),
    "token in subscribe": Kind(
        lambda token: HANDSHAKE_OF_A_SOCKET + text({"op": "subscribe", "task_id": "another", "token": token})
    ),
}


class Stranger(asyncio.Protocol):
    """One connection."""

    def __init__(self, opening: bytes, gone: Callable[[Stranger], None]) -> None:
        self._opening = opening
        self._gone = gone
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        transport.write(self._opening)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        self.transport = None
        self._gone(self)


class Crowd:
    """So many strangers, as far as they are let in."""

    def __init__(self, kind: Kind, origin: Origin, port: int, size: int, token: str) -> None:
        self._opening = kind.opening(token)
        self._more = kind.more
        self._addresses = origin.strangers()
        self._to = (origin.host, port)
        self._size = size
        self._there: set[Stranger] = set()
        #: How often somebody connected.
        self.came = 0

    async def come(self) -> None:
        """All, once."""
        for _ in range(self._size // BATCH):
            await asyncio.gather(*(self._connect() for _ in range(BATCH)))

    async def stay(self) -> None:
        """Send what is to be sent, and come back, evenly over each second, until cancelled."""
        while True:
            strangers = list(self._there)
            for tick in range(TICKS):
                missing = min(self._size - len(self._there), RETURNING // TICKS)
                await asyncio.gather(asyncio.sleep(1 / TICKS), *(self._connect() for _ in range(missing)))
                for stranger in strangers[tick::TICKS]:
                    if stranger.transport is not None and self._more:
                        stranger.transport.write(self._more)

    def leave(self) -> None:
        for stranger in self._there:
            if stranger.transport is not None:
                stranger.transport.abort()

    async def _connect(self) -> None:
        stranger = Stranger(self._opening, self._there.discard)
        loop = asyncio.get_running_loop()
        client = client_socket(next(self._addresses))
        with suppress(OSError):
            await loop.sock_connect(client, self._to)
            self._there.add(stranger)
            self.came += 1
            await loop.create_connection(lambda: stranger, sock=client)


def next_line() -> Awaitable[str]:
    """Empty at the end of the input."""
    return asyncio.to_thread(sys.stdin.readline)


async def main(kind: str, origin: str, port: int, size: int, token: str) -> None:
    crowd = Crowd(KINDS[kind], ORIGINS[origin], port, size, token)
    while await next_line():
        await crowd.come()
        print("there", flush=True)
        before, staying = crowd.came, asyncio.create_task(crowd.stay())
        await next_line()
        staying.cancel()
        crowd.leave()
        print(crowd.came - before, flush=True)


if __name__ == "__main__":
    allow_many_sockets()
    kind, origin, port, size, token, *options = sys.argv[1:]
    if "--give-way" in options:
        give_way()
    asyncio.run(main(kind, origin, int(port), int(size), token))
