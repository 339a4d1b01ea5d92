"""Append to journals from asyncio: what the gateway and the watchdog have to say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from redis.exceptions import NoScriptError

from taskbeam.journal.entry import Appended
from taskbeam.journal.failed_steps import failed_steps
from taskbeam.journal.scripts import APPEND

if TYPE_CHECKING:
    from collections.abc import Sequence

    from redis.asyncio import Redis

    from taskbeam.journal.entry import Entry
    from taskbeam.journal.keys import TaskKeys

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
        for answer in await self.append_each(entries):
            if isinstance(answer, Exception):
                raise answer
            appended.append(answer)
        return appended

    async def append_each(self, entries: Sequence[Entry]) -> list[Appended | Exception]:
        """The same for whoever goes on with some: what went wrong with one stands in the answer's place.

        Raises the error of a server that has all journals.
        """
        answers: list[Appended | Exception] = []
        for start in range(0, len(entries), BATCH):
            answers += await self._append_batch(entries[start : start + BATCH])
        return answers

    async def forget(self, keys: TaskKeys) -> None:
        """Delete a journal, so that the next entry begins it anew; raises redis-py's errors."""
        await self._redis.delete(keys.head, keys.log, keys.tombstone)

    async def aclose(self) -> None:
        """End what goes on in the background. The connections are another one's."""

    async def _append_batch(self, entries: Sequence[Entry]) -> list[Appended | Exception]:
        replies = await self._send(entries)
        unknown = [index for index, reply in enumerate(replies) if isinstance(reply, NoScriptError)]
        if unknown:
            again = await self._send_script([entries[index] for index in unknown])
            for index, reply in zip(unknown, again, strict=True):
                replies[index] = reply
        answers = [reply if isinstance(reply, Exception) else Appended.from_reply(reply) for reply in replies]
        for entry, answer in zip(entries, answers, strict=True):
            if isinstance(answer, Appended):
                failed_steps.note(entry.task_id, answer.failed)
        return answers

    async def _send_script(self, entries: Sequence[Entry]) -> list[Any]:
        """The same with a script that the server did not know."""
        await self._redis.script_load(APPEND.text.decode())
        return await self._send(entries)

    async def _send(self, entries: Sequence[Entry]) -> list[Any]:
        """The replies, among which there may be errors."""
        pipeline = self._redis.pipeline(transaction=False)
        for entry in entries:
            keys = entry.script_keys()
            pipeline.execute_command("EVALSHA", APPEND.digest, len(keys), *keys, *entry.script_args())
        replies: list[Any] = await pipeline.execute(raise_on_error=False)
        return replies
