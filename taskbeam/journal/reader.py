"""Read journals after a cursor, for whoever follows them."""

from __future__ import annotations

import asyncio
import time
from functools import partial
from typing import TYPE_CHECKING, Any

from taskbeam.journal.events import EventId, Record, Tail, Unnumbered
from taskbeam.journal.history import Absence, History
from taskbeam.journal.labels import FIELDS, Labels
from taskbeam.journal.pipelined_connection import settle
from taskbeam.journal.remains import Remains
from taskbeam.journal.run_script import ask_script, run_script
from taskbeam.journal.scripts import POSITIONS, READ, READ_FEED
from taskbeam.journal.text_so_far import text_so_far

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from taskbeam.journal.events import Start
    from taskbeam.journal.exchange import Exchange
    from taskbeam.journal.keys import TaskKeys
    from taskbeam.journal.resp_connection import Part

#: Bytes of records in one answer.
DEFAULT_MAX_BYTES = 512 * 1024


class JournalReader:
    """Reads a journal with one script call."""

    def __init__(self, exchange: Exchange, max_bytes: int = DEFAULT_MAX_BYTES) -> None:
        """``max_bytes`` of records that one call brings, if the first is not larger by itself."""
        self._connection = exchange
        self._max_bytes = max_bytes

    def ask(
        self,
        keys: TaskKeys,
        after: Start,
        limit: int,
        then: Callable[[History | Absence | Exception], None],
        *,
        text: bool = False,
        standing: tuple[str, str] | None = None,
    ) -> None:
        """``then`` gets at most ``limit`` records after the cursor, or why there is no journal.

        ``text``: and what the task has written so far, where the journal does not continue the cursor.
        ``standing``: and where the open tasks of a feed stand, whose name this is, and the prefix of the
        tasks' results.

        Where it could not be read: one of redis-py's errors, or a `ValueError` for what is no journal.
        """
        names = (keys.head, keys.log, keys.tombstone, keys.output)
        script = READ if standing is None else READ_FEED
        args = (*_spelt(after), limit, self._max_bytes, int(text), *(standing or ()))
        self._connection.traffic.journal_reads += 1
        ask_script(self._connection, script, partial(self._parsed, keys, after, then), names, *args)

    async def read(
        self, keys: TaskKeys, after: Start, limit: int, *, text: bool = False
    ) -> History | Absence:
        """The same for those who wait; raises the errors."""
        answer: asyncio.Future[History | Absence] = asyncio.get_running_loop().create_future()
        self.ask(keys, after, limit, partial(settle, answer), text=text)
        return await answer

    async def ends_elsewhere(self, heads: Sequence[bytes], cursors: Sequence[EventId]) -> list[int]:
        """The indexes of the heads whose journal is there and does not end at the cursor.

        Raises redis-py's errors.
        """
        positions = [b"%d-%d" % cursor for cursor in cursors]
        places = await run_script(self._connection, POSITIONS, heads, *positions)
        return [place - 1 for place in places]

    async def labels(self, keys: TaskKeys) -> Labels | None:
        """Whose the task is; None when it has no journal. Raises redis-py's errors."""
        [[epoch, *values]] = await self._connection.execute(("HMGET", keys.head, "epoch", *FIELDS))
        return Labels.of_head(values) if epoch else None

    def _parsed(
        self,
        keys: TaskKeys,
        after: Start,
        then: Callable[[History | Absence | Exception], None],
        reply: Any,
    ) -> None:
        answer: History | Absence | Exception
        try:
            answer = reply if isinstance(reply, Exception) else _answer(keys, after, reply)
        except ValueError as error:
            answer = error
        self._connection.traffic.failed_reads += isinstance(answer, Exception)
        then(answer)


def _spelt(after: Start) -> tuple[Part, Part]:
    """The cursor as the script takes it."""
    if isinstance(after, Tail):
        return "tail", after.size
    return (str(after.epoch), after.seq) if after else ("", 0)


def _answer(keys: TaskKeys, after: Start, reply: Any) -> History | Absence:
    """What the script returned; raises `ValueError`."""
    if isinstance(reply, bytes):
        return Absence(reply.decode())
    # Redis leaves out what is absent at the end.
    epoch, seq, fits, waits, records, picture, text, standing = [*reply, None, None][:8]
    last = EventId(int(epoch), seq)
    if isinstance(picture, bytes):
        snapshot = Record.parse(picture)
    else:
        snapshot = Remains.of(picture).record(last, keys.task_id, time.time())
    return History(
        last,
        snapshot,
        [Record.parse(record) for record in records],
        waits == 1,
        after,
        fits == 1,
        text_so_far(keys.task_id, *text) if text else None,
        tuple(map(Unnumbered, standing or ())),
    )
