"""The connection on which a gateway hears Celery's results, and looks at them: all of it in one order.

RESP3 lets a subscribed connection give other commands, too. On two connections nobody could say whether a
message was published before a look or after it.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Any

import hiredis
from redis.exceptions import ResponseError

from taskbeam.background.logger import logger_for
from taskbeam.journal.resp_connection import connect, packed

if TYPE_CHECKING:
    from collections.abc import Callable

    from redis.asyncio import Redis

    from taskbeam.journal.resp_connection import Part, RespConnection
    from taskbeam.journal.scripts import Script

logger = logger_for(__name__)


class HearingConnection:
    """One connection, from `open` until it is lost. Belongs to one event loop."""

    def __init__(self, on_message: Callable[[bytes, bytes], None]) -> None:
        """``on_message`` gets a channel and what was published on it."""
        self._on_message = on_message
        self._connection: RespConnection | None = None
        self._asked: deque[Callable[[Any], None]] = deque()
        self._lost = asyncio.get_running_loop().create_future()
        self._heard = True

    async def open(self, redis: Redis) -> None:
        """Connect, as the client's pool would. Raises redis-py's errors and `OSError`."""
        self._connection = await connect(redis, self._replied, self._was_lost)
        self._ask(self._greeted, "HELLO", 3)

    def subscribe(self, *channels: str) -> None:
        """Subscribe; acknowledgements say nothing that a look does not."""
        self._write(packed("SUBSCRIBE", *channels))

    def unsubscribe(self, *channels: str) -> None:
        """No longer subscribe."""
        self._write(packed("UNSUBSCRIBE", *channels))

    def run(self, script: Script, keys: tuple[str, ...], then: Callable[[Any], None], *args: Part) -> None:
        """Run a script; ``then`` gets its answer, unless the connection is lost before."""
        given = (len(keys), *keys, *args)

        def answered(reply: Any) -> None:
            if isinstance(reply, ResponseError) and str(reply).startswith("NOSCRIPT"):
                self._ask(then, "EVAL", script.text, *given)
            else:
                then(reply)

        self._ask(answered, "EVALSHA", script.digest, *given)

    async def until_lost(self, interval: float) -> None:
        """Return when the connection is lost, or silent for two ``interval`` seconds in spite of a PING."""
        while not self._lost.done():
            await asyncio.wait([self._lost], timeout=interval)
            if not self._heard:
                return
            self._heard = False
            self._ask(lambda _: None, "PING")

    def close(self) -> None:
        """Drop the connection."""
        if self._connection is not None:
            self._connection.close()

    def _ask(self, then: Callable[[Any], None], *command: Part) -> None:
        self._asked.append(then)
        self._write(packed(*command))

    def _write(self, command: bytes) -> None:
        if self._connection is not None:
            self._connection.write(command)

    def _greeted(self, reply: Any) -> None:
        if isinstance(reply, ResponseError):
            logger.error("Cannot hear Celery's results: this needs RESP3, so Redis 6 or later (%s)", reply)
            self.close()

    # What the connection calls.

    def _was_lost(self) -> None:
        if not self._lost.done():
            self._lost.set_result(None)

    def _replied(self, reply: Any) -> None:
        self._heard = True
        if not isinstance(reply, hiredis.PushNotification):
            self._answered(reply)
        elif reply[0] == b"message":
            self._on_message(reply[1], reply[2])

    def _answered(self, reply: Any) -> None:
        if not self._asked:
            # A subscription that Redis refuses is answered with an error, for which nobody has asked.
            logger.error("Redis refused a subscription to Celery's results, connecting again: %s", reply)
            self.close()
            return
        try:
            self._asked.popleft()(reply)
        except Exception:
            logger.exception("Cannot use an answer of Redis; the other answers are used")
