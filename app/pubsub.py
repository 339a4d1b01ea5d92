"""One pub/sub connection to Redis as an asyncio protocol: bytes in, acknowledgements and messages out."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any, cast

import hiredis

if TYPE_CHECKING:
    from collections.abc import Callable

    from redis.asyncio import Redis
    from redis.asyncio.connection import AbstractConnection

logger = logging.getLogger(__name__)


class PubSubConnection(asyncio.Protocol):
    """Parses replies in C as they arrive; no task and no queue stands between Redis and the hub."""

    def __init__(
        self,
        owner: AbstractConnection,
        on_subscribed: Callable[[bytes], None],
        on_message: Callable[[bytes, bytes], None],
        gather: float,
    ) -> None:
        """``gather``: seconds that records may wait when many come, so that they are read together."""
        self._owner = owner  # it closes the socket when it is collected
        self._on_subscribed = on_subscribed
        self._on_message = on_message
        self._gather = gather
        self._last_read = float("-inf")
        self._replies = hiredis.Reader()
        self._transport: asyncio.Transport | None = None
        self._lost = asyncio.get_running_loop().create_future()
        self._heard = True

    def command(self, *parts: bytes) -> None:
        """Send a command (RESP: an array of bulk strings)."""
        if self._transport is not None:
            packed = [b"*%d\r\n" % len(parts), *(b"$%d\r\n%b\r\n" % (len(part), part) for part in parts)]
            self._transport.write(b"".join(packed))

    def close(self) -> None:
        """Drop the connection."""
        if self._transport is not None:
            self._transport.abort()

    async def until_lost(self, interval: float) -> None:
        """Return when the connection is lost, or silent for two ``interval`` seconds in spite of a PING."""
        while not self._lost.done():
            await asyncio.wait([self._lost], timeout=interval)
            if not self._heard:
                return
            self._heard = False
            self.command(b"PING")

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        self._transport = None
        if not self._lost.done():
            self._lost.set_result(None)

    def data_received(self, data: bytes) -> None:
        self._heard = True
        self._gather_more()
        self._replies.feed(data)
        while (reply := self._replies.gets()) is not False:
            self._handle(reply)

    def _gather_more(self) -> None:
        """Under load a wake-up costs more than the records it brings: let the next ones come together."""
        loop = asyncio.get_running_loop()
        now, before = loop.time(), self._last_read
        self._last_read = now
        if now - before < 2 * self._gather and self._transport is not None:
            self._transport.pause_reading()
            loop.call_later(self._gather, self._read_on)

    def _read_on(self) -> None:
        if self._transport is not None:
            self._transport.resume_reading()

    def _handle(self, reply: Any) -> None:
        match reply:
            case [b"message" | b"smessage", name, payload]:
                self._on_message(name, payload)
            case [b"subscribe" | b"ssubscribe", name, _]:
                self._on_subscribed(name)
            case hiredis.ReplyError():
                logger.error("Redis refused a subscription: %s", reply)
                self.close()


async def take_over(
    redis: Redis,
    on_subscribed: Callable[[bytes], None],
    on_message: Callable[[bytes, bytes], None],
    gather: float,
) -> PubSubConnection:
    """Connect as the client's pool would (TLS, ACL, Sentinel, unix socket), then read the socket ourselves.

    Raises redis-py's errors and `OSError`.
    """
    connection = cast("AbstractConnection", redis.connection_pool.make_connection())
    await connection.connect()
    writer = connection._writer
    assert writer is not None
    protocol = PubSubConnection(connection, on_subscribed, on_message, gather)
    writer.transport.set_protocol(protocol)
    protocol.connection_made(writer.transport)
    return protocol
