"""One pub/sub connection to Redis: acknowledgements and messages out, and whether it still lives."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from typing import TYPE_CHECKING, Any

from redis.exceptions import ResponseError

from taskbeam.cluster.slot_map import slot_of
from taskbeam.journal.resp_connection import connect, packed

if TYPE_CHECKING:
    from collections.abc import Callable

    from redis.asyncio import Redis

    from taskbeam.journal.resp_connection import RespConnection

logger = logging.getLogger(__name__)


class PubSubConnection:
    """No task and no queue stands between Redis and the hub."""

    def __init__(
        self,
        on_subscribed: Callable[[bytes], None],
        on_message: Callable[[bytes, bytes], None],
        on_ended: Callable[[bytes], None] | None = None,
        on_refused: Callable[[ResponseError], None] | None = None,
    ) -> None:
        """Nothing is connected. Each is called with the name of a channel, and what came.

        ``on_ended``: Redis ended a sharded subscription. ``on_refused``: it answered a command of one name
        with an error. Without them, either closes the connection.
        """
        self._on_subscribed = on_subscribed
        self._on_message = on_message
        self._on_ended = on_ended
        self._on_refused = on_refused
        self._connection: RespConnection | None = None
        self._lost = asyncio.get_running_loop().create_future()
        self._heard = True
        self._unsent: list[bytes] = []
        # Replies that are under way, and those that there will be to what is not sent yet.
        self._owed = self._owed_then = 0
        # How many replies to SUNSUBSCRIBE there will be, for each name.
        self._leaving: Counter[bytes] = Counter()

    async def open(self, redis: Redis) -> None:
        """Connect, as the client's pool would; raises redis-py's errors and `OSError`."""
        self._connection = await connect(redis, self._replied, self._was_lost)

    def command(self, verb: bytes, *names: bytes) -> None:
        """Send a command; what is asked for while Redis owes replies goes together when they are there."""
        if not self._unsent and not self._owed:
            asyncio.get_running_loop().call_soon(self._send)
        if verb == b"SUNSUBSCRIBE":
            self._leaving.update(names)
        self._unsent.append(packed(verb, *names))
        self._owed_then += len(names) or 1

    def forget(self, slot: int) -> None:
        """The server has refused what was asked of the slot: nothing of it is left there, nor leaves it."""
        for name in [name for name in self._leaving if slot_of(name) == slot]:
            del self._leaving[name]

    def close(self) -> None:
        """Drop the connection."""
        if self._connection is not None:
            self._connection.close()

    async def until_lost(self, interval: float) -> None:
        """Return when the connection is lost, or silent for two ``interval`` seconds in spite of a PING."""
        while not self._lost.done():
            await asyncio.wait([self._lost], timeout=interval)
            if not self._heard:
                return
            self._heard = False
            self.command(b"PING")

    def _send(self) -> None:
        if not self._unsent:
            return
        unsent, self._unsent = self._unsent, []
        self._owed, self._owed_then = self._owed_then, 0
        if self._connection is not None:
            self._connection.write(b"".join(unsent))

    # What the connection calls.

    def _was_lost(self) -> None:
        if not self._lost.done():
            self._lost.set_result(None)

    def _replied(self, reply: Any) -> None:
        self._heard = True
        if isinstance(reply, ResponseError) and self._on_refused is not None:
            self._answered()
            self._on_refused(reply)
            return
        if isinstance(reply, ResponseError):
            logger.error("Redis refused a subscription, connecting again: %s", reply)
            self.close()
            return
        kind = reply[0]
        if kind in (b"message", b"smessage"):
            self._on_message(reply[1], reply[2])
            return
        if kind == b"sunsubscribe" and not self._left(reply[1]):
            if self._on_ended is not None:
                self._on_ended(reply[1])
                return
            logger.warning("Redis ended a subscription, for its slot has moved; connecting again")
            self.close()
            return
        self._answered()
        if kind in (b"subscribe", b"ssubscribe"):
            self._on_subscribed(reply[1])

    def _answered(self) -> None:
        # The end of a subscription may have counted as an answer to whoever was just leaving it.
        self._owed = max(0, self._owed - 1)
        if not self._owed and self._unsent:
            asyncio.get_running_loop().call_soon(self._send)

    def _left(self, name: bytes) -> bool:
        """Whether the end of a sharded subscription was asked for; else its slot has left the server."""
        asked = self._leaving.pop(name, 0)
        if asked > 1:
            self._leaving[name] = asked - 1
        return asked > 0
