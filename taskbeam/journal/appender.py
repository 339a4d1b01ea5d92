"""Append to journals from asyncio: what the gateway and the watchdog have to say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from taskbeam.journal.entry import Appended
from taskbeam.journal.scripts import APPEND

if TYPE_CHECKING:
    from collections.abc import Sequence

    from redis.asyncio import Redis

    from taskbeam.journal.entry import Entry

#: Entries in one round trip; Redis serves others in between.
BATCH = 200


class JournalAppender:
    """Appends entries, many in one round trip."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def append(self, entry: Entry) -> Appended:
        """Append one entry; raises redis-py's errors."""
        (appended,) = await self.append_all([entry])
        return appended

    async def append_all(self, entries: Sequence[Entry]) -> list[Appended]:
        """Append all, in order; raises redis-py's errors."""
        appended: list[Appended] = []
        for start in range(0, len(entries), BATCH):
            pipeline = self._redis.pipeline(transaction=False)
            pipeline.script_load(APPEND.text.decode())
            for entry in entries[start : start + BATCH]:
                keys = entry.script_keys()
                pipeline.execute_command("EVALSHA", APPEND.digest, len(keys), *keys, *entry.script_args())
            _, *replies = await pipeline.execute()
            appended += [Appended.from_reply(reply) for reply in replies]
        return appended
