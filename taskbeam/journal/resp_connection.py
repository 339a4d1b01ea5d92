"""A connection to Redis as an asyncio protocol: bytes in, replies out; no task and no queue between them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, cast

import hiredis
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import ResponseError

from taskbeam.journal.away import REDIS_AWAY

if TYPE_CHECKING:
    from collections.abc import Callable

    from redis.asyncio import Redis
    from redis.asyncio.connection import AbstractConnection


#: A part of a command.
Part = bytes | str | int | float


def packed(*command: Part) -> bytes:
    """A command as it is sent (RESP: an array of bulk strings)."""
    return cast("bytes", hiredis.pack_command(command))  # type: ignore[arg-type] # its stub knows one part only


class RespConnection(asyncio.Protocol):
    """Parses replies in C as they arrive. An error that Redis answers with is a reply, a `ResponseError`."""

    def __init__(
        self,
        owner: AbstractConnection,
        on_reply: Callable[[Any], None],
        on_lost: Callable[[], None],
    ) -> None:
        self._owner = owner  # it closes the socket when it is collected
        self._on_reply = on_reply
        self._on_lost = on_lost
        self._replies = hiredis.Reader(replyError=ResponseError)
        self._transport: asyncio.Transport | None = None

    def write(self, commands: bytes) -> None:
        """Send packed commands, if the connection is still there."""
        if self._transport is not None:
            self._transport.write(commands)

    def close(self) -> None:
        """Drop the connection."""
        if self._transport is not None:
            self._transport.abort()

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        self._transport = None
        self._owner._writer = None  # or it would complain, when it is collected, that it is still open
        self._on_lost()

    def data_received(self, data: bytes) -> None:
        self._replies.feed(data)
        while (reply := self._replies.gets()) is not False:
            self._on_reply(reply)


async def connect(
    redis: Redis, on_reply: Callable[[Any], None], on_lost: Callable[[], None]
) -> RespConnection:
    """Connect as the client's pool would (TLS, ACL, Sentinel, unix socket), then read the socket ourselves.

    Raises one of `REDIS_AWAY`, whatever went wrong: uvloop raises `RuntimeError` when Redis resets the
    connection during the handshake, and an application's own credential provider may raise anything.
    """
    connection = cast("AbstractConnection", redis.connection_pool.make_connection())
    try:
        await connection.connect()
    except BaseException as error:
        await connection.disconnect(nowait=True)
        if isinstance(error, REDIS_AWAY) or not isinstance(error, Exception):
            raise
        raise RedisConnectionError(f"cannot connect: {error!r}") from error
    writer = connection._writer
    if writer is None or writer.transport.is_closing():
        raise RedisConnectionError("the connection was lost at once")
    protocol = RespConnection(connection, on_reply, on_lost)
    writer.transport.set_protocol(protocol)
    protocol.connection_made(writer.transport)
    return protocol
