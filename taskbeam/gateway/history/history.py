"""The history beside an event loop: read and written in threads, each call for a bounded time."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy.exc import DataError, IntegrityError, SQLAlchemyError

from taskbeam.background.calls import BlockingCalls
from taskbeam.background.log_fields import about
from taskbeam.gateway.dashboard.older import HistoryAwayError
from taskbeam.gateway.dashboard.place import Place
from taskbeam.gateway.dashboard.task_list import CHUNK, MOST_LOOKED
from taskbeam.gateway.history.address import history_address
from taskbeam.gateway.history.counting import Counting
from taskbeam.gateway.history.database import CONNECTIONS
from taskbeam.gateway.history.store import HistoryStore, Search
from taskbeam.gateway.history.text import storable

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Callable, Mapping, Sequence

    from taskbeam.gateway.dashboard.older import Placed
    from taskbeam.gateway.dashboard.rows import Kind, Row
    from taskbeam.gateway.dashboard.wanted import Wanted

logger = logging.getLogger(__name__)

Result = TypeVar("Result")

#: Seconds that a reader waits, and the one that writes.
READING, WRITING = 5.0, 30.0

#: Rows that one statement looks at to find words in them (half a second's work of SQLite), and how many such
#: statements one page takes, however many rows they find: those may fit in words alone.
LOOK = 50_000
PIECES = 4


def history_at(url: str, counts: Counter[str]) -> History:
    """The history at an address of `history_address`; nothing is opened yet. Raises `ValueError`.

    ``counts``: as `Measures.history`.
    """
    return History(HistoryStore(history_address(url)), counts)


class History:
    """Of one gateway, as `OlderTasks`. Each method raises `HistoryAwayError`."""

    def __init__(self, store: HistoryStore, counts: Counter[str]) -> None:
        self._store = store
        self._counted = counts
        self._reads = BlockingCalls("taskbeam-history-read", CONNECTIONS - 2)
        self._writes = BlockingCalls("taskbeam-history-write", 1)
        self._away = False
        self._counting = Counting(store.counts)

    async def rows(
        self,
        wanted: Wanted,
        kind: Kind | None,
        since: float,
        until: float | None,
        before: Place | None,
        most: int,
    ) -> Placed:
        """As `OlderTasks`."""
        span = int(since * 1000), None if until is None else int(until * 1000)
        words = list(map(storable, wanted.words))
        reached = before and Place(before.sent, storable(before.task_id))
        most, looked, read = CHUNK if words else min(most, CHUNK), 0, 0
        while looked < PIECES and read < MOST_LOOKED:
            search = Search(words, kind and str(kind), *span, reached)
            piece = await self._read(lambda search=search: self._store.find(search, LOOK, most))  # type: ignore[misc]
            for place, row in piece.rows:
                yield place, json.loads(row)
            if (reached := piece.reached) is None:
                return
            looked += bool(words)
            read += len(piece.rows)
        if reached is not None:
            yield reached, None

    def counts(self) -> Mapping[str, int]:
        """As `OlderTasks`. Counting takes a small part of the time, however many there are."""
        return self._counting.known()

    async def row(self, task_id: str) -> Row | None:
        """As `OlderTasks`."""
        found = await self._read(lambda: self._store.newest(storable(task_id)))
        return None if found is None else json.loads(found[0])

    async def meta(self, task_id: str) -> bytes:
        """As `OlderTasks`."""
        found = await self._read(lambda: self._store.newest(storable(task_id)))
        return b"" if found is None else (found[1] or "").encode()

    async def write(self, rows: Sequence[dict[str, Any]]) -> None:
        """Keep rows, as `columns_of` makes them. One that the database does not take costs no other one."""
        try:
            await self._write(lambda: self._store.write(rows))
            self._counted["kept"] += len(rows)
        except HistoryAwayError:
            self._counted["away"] += len(rows)
            raise
        except (DataError, IntegrityError) as error:
            if len(rows) > 1:
                for row in rows:
                    await self.write([row])
                return
            self._counted["refused"] += 1
            task_id = rows[0]["id"]
            logger.error(
                "Cannot keep task %s in the history: the database does not take it: %s",
                task_id,
                error,
                extra=about(task_id=task_id),
            )

    async def drop(self, sent_before: float) -> int:
        """Drop some of the tasks that were sent before (Unix seconds); returns how many."""
        return await self._write(lambda: self._store.drop(int(sent_before * 1000)))

    async def close(self) -> None:
        """Let the threads end, and close the connections."""
        await self._counting.close()
        try:
            await self._writes.run(self._store.close, READING)
        except TimeoutError:
            logger.warning("Cannot close the connections to the history database: it does not answer")
        self._reads.close()
        self._writes.close()

    async def _read(self, call: Callable[[], Result]) -> Result:
        return await self._answer(self._reads, call, READING)

    async def _write(self, call: Callable[[], Result]) -> Result:
        return await self._answer(self._writes, call, WRITING)

    async def _answer(self, calls: BlockingCalls, call: Callable[[], Result], within: float) -> Result:
        try:
            answer = await calls.run(call, within)
        except (DataError, IntegrityError):
            raise
        except (SQLAlchemyError, OSError, TimeoutError) as error:
            if not self._away:
                self._away = True
                logger.warning(
                    "Cannot reach the history database, trying again: %r. "
                    "The dashboard shows only what Redis has",
                    error,
                )
            raise HistoryAwayError(str(error) or "it takes too long") from error
        if self._away:
            self._away = False
            logger.info("The history database answers again")
        return answer
