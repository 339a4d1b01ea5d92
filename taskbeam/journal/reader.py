"""Read journals after a cursor, for whoever follows them."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Any

from redis.exceptions import ResponseError

from taskbeam.journal.events import EventId, Record
from taskbeam.journal.history import Absence, History
from taskbeam.journal.labels import FIELDS, Labels
from taskbeam.journal.pipelined_connection import settle
from taskbeam.journal.scripts import READ

if TYPE_CHECKING:
    from collections.abc import Callable

    from taskbeam.journal.keys import TaskKeys
    from taskbeam.journal.pipelined_connection import PipelinedConnection
    from taskbeam.journal.resp_connection import Part

#: Bytes of records in one answer.
DEFAULT_MAX_BYTES = 512 * 1024


class JournalReader:
    """Reads a journal with one script call."""

    def __init__(self, exchange: PipelinedConnection, max_bytes: int = DEFAULT_MAX_BYTES) -> None:
        """``max_bytes`` of records that one call brings, if the first is not larger by itself."""
        self._connection = exchange
        self._max_bytes = max_bytes

    def ask(
        self,
        keys: TaskKeys,
        after: EventId | None,
        limit: int,
        then: Callable[[History | Absence | Exception], None],
    ) -> None:
        """``then`` gets at most ``limit`` records after the cursor, or why there is no journal.

        Where it could not be read: one of redis-py's errors, or a `ValueError` for what is no journal.
        """
        cursor: tuple[Part, Part] = (str(after.epoch), after.seq) if after else ("", 0)
        args = (3, keys.head, keys.log, keys.tombstone, *cursor, limit, self._max_bytes)
        self._connection.ask(partial(self._answered, args, then), "EVALSHA", READ.digest, *args)

    async def read(self, keys: TaskKeys, after: EventId | None, limit: int) -> History | Absence:
        """The same for those who wait; raises the errors."""
        answer: asyncio.Future[History | Absence] = asyncio.get_running_loop().create_future()
        self.ask(keys, after, limit, partial(settle, answer))
        return await answer

    async def labels(self, keys: TaskKeys) -> Labels | None:
        """Whose the task is; None when it has no journal. Raises redis-py's errors."""
        [[epoch, *values]] = await self._connection.execute(("HMGET", keys.head, "epoch", *FIELDS))
        return Labels.of_head(values) if epoch else None

    def _answered(
        self, args: tuple[Part, ...], then: Callable[[History | Absence | Exception], None], reply: Any
    ) -> None:
        if isinstance(reply, ResponseError) and str(reply).startswith("NOSCRIPT"):
            self._connection.ask(partial(_parsed, then), "EVAL", READ.text, *args)
        else:
            _parsed(then, reply)


def _parsed(then: Callable[[History | Absence | Exception], None], reply: Any) -> None:
    answer: History | Absence | Exception
    try:
        answer = reply if isinstance(reply, Exception) else _answer(reply)
    except ValueError as error:
        answer = error
    then(answer)


def _answer(reply: Any) -> History | Absence:
    """What the script returned; raises `ValueError`."""
    if isinstance(reply, bytes):
        return Absence(reply.decode())
    epoch, seq, snapshot, records, waits = reply
    last = EventId(int(epoch), seq)
    return History(last, Record.parse(snapshot), [Record.parse(record) for record in records], waits == 1)
