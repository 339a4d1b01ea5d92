"""Read a journal after a cursor, for whoever follows it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from redis.exceptions import NoScriptError

from taskbeam.events import EventId, Record
from taskbeam.journal.history import Absence, History
from taskbeam.journal.scripts import READ
from taskbeam.labels import FIELDS, Labels

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from taskbeam.keys import TaskKeys


#: Bytes of records in one answer.
DEFAULT_MAX_BYTES = 512 * 1024


class JournalReader:
    """Reads journals with one script call each."""

    def __init__(self, redis: Redis, max_bytes: int = DEFAULT_MAX_BYTES) -> None:
        """``max_bytes`` of records that one call brings, if the first is not larger by itself."""
        self._redis = redis
        self._max_bytes = max_bytes

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
        try:
            return await self._redis.execute_command("EVALSHA", READ.digest, 3, *args)
        except NoScriptError:
            return await self._redis.execute_command("EVAL", READ.text, 3, *args)
