"""Read journals after a cursor, for whoever follows them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, NamedTuple

from redis.exceptions import NoScriptError, RedisError

from taskbeam.events import EventId, Record
from taskbeam.journal.history import Absence, History
from taskbeam.journal.scripts import READ
from taskbeam.labels import FIELDS, Labels

if TYPE_CHECKING:
    from collections.abc import Sequence

    from redis.asyncio import Redis

    from taskbeam.keys import TaskKeys

#: Reads that are sent together at the most; so many answers are held, and parsed without a pause.
BATCH = 16


class _Wanted(NamedTuple):
    """A read that somebody waits for: the script's keys and arguments."""

    args: tuple[str | int, ...]
    reply: asyncio.Future[Any]


#: Bytes of records in one answer.
DEFAULT_MAX_BYTES = 512 * 1024


class JournalReader:
    """Reads journals with one script call each.

    Reads that are asked for while others are under way are sent together, over one connection: when
    thousands of clients come back at once, each costs a part of a round trip, and none a connection.
    """

    def __init__(self, redis: Redis, max_bytes: int = DEFAULT_MAX_BYTES) -> None:
        """``max_bytes`` of records that one call brings, if the first is not larger by itself."""
        self._redis = redis
        self._max_bytes = max_bytes
        self._wanted: list[_Wanted] = []
        self._sending: asyncio.Task[None] | None = None

    async def read(self, keys: TaskKeys, after: EventId | None, limit: int) -> History | Absence:
        """At most ``limit`` records after the cursor, or why there is no journal.

        Raises redis-py's errors.
        """
        cursor = (str(after.epoch), after.seq) if after else ("", 0)
        reply = await self._call(keys.head, keys.log, keys.tombstone, *cursor, limit, self._max_bytes)
        if isinstance(reply, bytes):
            return Absence(reply.decode())
        epoch, seq, picture, records = reply
        return History(
            EventId(int(epoch), seq), Record.parse(picture), [Record.parse(raw) for raw in records]
        )

    async def labels(self, keys: TaskKeys) -> Labels | None:
        """Whose the task is; None when it has no journal. Raises redis-py's errors."""
        head: Any = await self._redis.hmget(keys.head, ["epoch", *FIELDS])
        epoch, *values = head
        return Labels.of_head(values) if epoch else None

    async def _call(self, *args: str | int) -> Any:
        loop = asyncio.get_running_loop()
        wanted = _Wanted(args, loop.create_future())
        self._wanted.append(wanted)
        if self._sending is None:
            self._sending = loop.create_task(self._send())
        return await wanted.reply

    async def _send(self) -> None:
        """Send what is wanted until nothing is."""
        try:
            while self._wanted:
                batch, self._wanted = self._wanted[:BATCH], self._wanted[BATCH:]
                await self._read_together([wanted for wanted in batch if not wanted.reply.done()])
        finally:
            self._sending = None

    async def _read_together(self, batch: Sequence[_Wanted]) -> None:
        try:
            replies = await self._execute("EVALSHA", READ.digest, batch)
            if any(isinstance(reply, NoScriptError) for reply in replies):
                replies = await self._execute("EVAL", READ.text, batch)
        except (RedisError, OSError) as error:
            replies = [error] * len(batch)
        for wanted, reply in zip(batch, replies, strict=True):
            if wanted.reply.done():
                continue
            if isinstance(reply, Exception):
                wanted.reply.set_exception(reply)
            else:
                wanted.reply.set_result(reply)

    async def _execute(self, verb: str, script: str | bytes, batch: Sequence[_Wanted]) -> list[Any]:
        pipeline = self._redis.pipeline(transaction=False)
        for wanted in batch:
            pipeline.execute_command(verb, script, 3, *wanted.args)
        replies: list[Any] = await pipeline.execute(raise_on_error=False)
        return replies
