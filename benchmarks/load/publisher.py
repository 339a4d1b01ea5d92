"""One connection to Redis that publishes without waiting for the replies, but reads every one."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, cast

import hiredis

if TYPE_CHECKING:
    from collections.abc import Iterable

#: A Redis command: its name and arguments.
Command = tuple[str | bytes | int, ...]


class Publisher(asyncio.Protocol):
    """Sends commands; `check` tells whether Redis refused one of them."""

    def __init__(self) -> None:
        self._replies = hiredis.Reader()
        self._transport: asyncio.Transport | None = None
        self._error: Exception | None = None

    @classmethod
    async def connect(cls, port: int, greeting: Iterable[Command]) -> Publisher:
        """Connect to a Redis on this machine and send it the greeting first."""
        _, publisher = await asyncio.get_running_loop().create_connection(cls, "127.0.0.1", port)
        for command in greeting:
            publisher.send(command)
        return publisher

    def send(self, command: Command) -> None:
        """Send one command."""
        if self._transport is None:
            raise ConnectionError("Redis closed the publisher's connection")
        self._transport.write(hiredis.pack_command(command))  # type: ignore[arg-type]

    def check(self) -> None:
        """Raise what Redis answered, if that was an error."""
        if self._error is not None:
            raise self._error

    def close(self) -> None:
        """Drop the connection."""
        if self._transport is not None:
            self._transport.abort()

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        self._transport = None

    def data_received(self, data: bytes) -> None:
        self._replies.feed(data)
        while (reply := self._replies.gets()) is not False:
            if isinstance(reply, hiredis.ReplyError):
                self._error = reply
