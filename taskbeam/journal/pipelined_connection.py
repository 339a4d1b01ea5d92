"""Commands to Redis and their replies over one connection, for many who ask at once.

A round trip through redis-py costs more CPU than all else that a client's return takes. Here a command is
packed and its reply parsed in C, what is asked for while replies are under way goes in one write when they
are there (as Nagle's algorithm has it, RFC 896), and nobody who waits is a task.
"""

from __future__ import annotations

import asyncio
from collections import deque
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError

from taskbeam.background.logger import logger_for
from taskbeam.journal.resp_connection import connect, packed
from taskbeam.measures.redis_traffic import RedisTraffic

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from redis.asyncio import Redis

    from taskbeam.journal.exchange import Exchange
    from taskbeam.journal.resp_connection import Part, RespConnection

logger = logger_for(__name__)

#: Commands that are under way at the most: Redis holds no more answers than these for a slow reader.
WINDOW = 64

#: Seconds that a reply may take.
DEFAULT_TIMEOUT = 5.0


class _Asked(NamedTuple):
    """A packed command, and who is told the reply."""

    command: bytes
    then: Callable[[Any], None]


class PipelinedConnection:
    """Connects when something is asked for, and again after the connection was lost.

    When it is lost, or silent for too long, whatever was sent is answered with an error: whoever asked
    knows whether to ask again. Belongs to one event loop.
    """

    def __init__(
        self, redis: Redis, timeout: float = DEFAULT_TIMEOUT, traffic: RedisTraffic | None = None
    ) -> None:
        """``timeout``: seconds that a reply may take. ``traffic``: where what is sent is counted."""
        self.traffic = traffic or RedisTraffic()
        self._redis = redis
        self._timeout = timeout
        self._unsent: deque[_Asked] = deque()
        self._sent: deque[tuple[float, Callable[[Any], None]]] = deque()
        self._connection: RespConnection | None = None
        self._connecting: asyncio.Task[None] | None = None
        self._turn: asyncio.Handle | None = None
        self._clock: asyncio.TimerHandle | None = None

    @property
    def connected(self) -> bool:
        """Whether there is a connection now; there is none before something is asked for."""
        return self._connection is not None

    def ask(self, then: Callable[[Any], None], *command: Part) -> None:
        """Send a command; ``then`` gets the reply, or one of redis-py's errors in its place."""
        self._unsent.append(_Asked(packed(*command), then))
        if self._connection is not None:
            self._send_soon()
        elif self._connecting is None:
            self._connecting = asyncio.get_running_loop().create_task(self._connect())

    async def execute(self, *commands: tuple[Part, ...]) -> list[Any]:
        """The replies, in order; raises redis-py's errors."""
        return await replies_to(self, commands)

    def hurry(self, timeout: float) -> None:
        """From now on wait for at most so many seconds, also for what was asked already."""
        self._timeout = min(self._timeout, timeout)
        if self._clock is not None:
            self._clock.cancel()
            self._look_at_clock()

    def drop(self) -> None:
        """Close the connection now, if there is one; what was sent is answered with an error."""
        if self._connection is not None:
            self._connection.close()

    async def aclose(self) -> None:
        """Close the connection; whatever has no reply yet gets an error."""
        if self._connecting is not None:
            self._connecting.cancel()
            await asyncio.gather(self._connecting, return_exceptions=True)
            self._connecting = None
        self._fail_unsent(RedisConnectionError("the connection was closed"))
        if self._connection is not None:
            self._connection.close()
            await asyncio.sleep(0)  # asyncio tells of the loss, and closes the socket, in its next turn
        if self._clock is not None:
            self._clock.cancel()
            self._clock = None

    # The connection.

    async def _connect(self) -> None:
        try:
            async with asyncio.timeout(self._timeout):
                self._connection = await connect(self._redis, self._replied, self._lost)
        except Exception as error:  # an application's own credential provider may raise anything
            self._connecting = None
            self._fail_unsent(error if isinstance(error, RedisError) else RedisConnectionError(repr(error)))
        else:
            self._connecting = None
            self.traffic.reading += 1
            self._send()

    def _lost(self) -> None:
        self._connection = None
        sent, self._sent = self._sent, deque()
        for _, then in sent:
            self._tell(then, RedisConnectionError("the connection was lost"))
        if self._unsent and self._connecting is None:
            self._connecting = asyncio.get_running_loop().create_task(self._connect())

    def _fail_unsent(self, error: RedisError) -> None:
        unsent, self._unsent = self._unsent, deque()
        for asked in unsent:
            self._tell(asked.then, error)

    # Out.

    def _send_soon(self) -> None:
        if self._turn is None and not self._sent:
            self._turn = asyncio.get_running_loop().call_soon(self._send)

    def _send(self) -> None:
        self._turn = None
        if self._connection is None or not self._unsent:
            return
        loop = asyncio.get_running_loop()
        now, commands = loop.time(), []
        while self._unsent and len(self._sent) < WINDOW:
            command, then = self._unsent.popleft()
            commands.append(command)
            self._sent.append((now, then))
        self._connection.write(b"".join(commands))
        self.traffic.round_trips += 1
        self.traffic.commands += len(commands)
        if self._clock is None:
            self._clock = loop.call_later(self._timeout, self._look_at_clock)

    def _look_at_clock(self) -> None:
        self._clock = None
        if not self._sent:
            return
        loop = asyncio.get_running_loop()
        left = self._sent[0][0] + self._timeout - loop.time()
        if left > 0:
            self._clock = loop.call_later(left, self._look_at_clock)
        elif self._connection is not None:
            logger.warning("Redis does not answer in time, connecting again")
            self._connection.close()

    # In.

    def _replied(self, reply: Any) -> None:
        _, then = self._sent.popleft()
        self._tell(then, reply)
        if self._unsent:
            self._send_soon()

    @staticmethod
    def _tell(then: Callable[[Any], None], reply: Any) -> None:
        try:
            then(reply)
        except Exception:
            logger.exception("Cannot use a reply of Redis; the other replies are used")


async def replies_to(exchange: Exchange, commands: Sequence[tuple[Part, ...]]) -> list[Any]:
    """The replies, in order; raises redis-py's errors."""
    return list(await asyncio.gather(*_asked(exchange, commands)))


async def each_reply_to(exchange: Exchange, commands: Sequence[tuple[Part, ...]]) -> list[Any]:
    """The same for whoever goes on with some: one of redis-py's errors stands in a reply's place."""
    return await asyncio.gather(*_asked(exchange, commands), return_exceptions=True)


def _asked(exchange: Exchange, commands: Sequence[tuple[Part, ...]]) -> list[asyncio.Future[Any]]:
    loop = asyncio.get_running_loop()
    replies: list[asyncio.Future[Any]] = [loop.create_future() for _ in commands]
    for reply, command in zip(replies, commands, strict=True):
        exchange.ask(partial(settle, reply), *command)
    return replies


def settle(waiting: asyncio.Future[Any], reply: Any) -> None:
    """Hand over a reply, or raise what stands in its place, unless nobody waits any more."""
    if waiting.done():
        return
    if isinstance(reply, Exception):
        waiting.set_exception(reply)
    else:
        waiting.set_result(reply)
