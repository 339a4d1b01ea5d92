"""Read the journals of heard tasks: once they have what Celery has stored."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from taskbeam.journal.reader import DEFAULT_MAX_BYTES, JournalReader
from taskbeam.stock.history import START, StockHistory

if TYPE_CHECKING:
    from collections.abc import Callable

    from taskbeam.journal.events import Start
    from taskbeam.journal.exchange import Exchange
    from taskbeam.journal.history import Absence, History
    from taskbeam.journal.keys import TaskKeys
    from taskbeam.stock.watcher import StockWatcher


class StockReader(JournalReader):
    """As `JournalReader`; a task of which nothing is stored has a history without records.

    Feeds, and other journals that are no task's, are read as ever: ``key_prefix`` tells them apart.
    """

    def __init__(
        self,
        exchange: Exchange,
        watcher: StockWatcher,
        key_prefix: str,
        timeout: float,
        max_bytes: int = DEFAULT_MAX_BYTES,
    ) -> None:
        """``timeout``: seconds that `read` waits for what Celery has stored."""
        super().__init__(exchange, max_bytes)
        self._watcher = watcher
        self._prefix = key_prefix
        self._timeout = timeout

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
        if not keys.result.startswith(self._prefix):
            super().ask(keys, after, limit, then, text=text, standing=standing)
            return
        asked = None if after == START else after
        found = partial(_found, keys.result.removeprefix(self._prefix), after, then)
        super().ask(keys, asked, limit, found, text=text)

    async def read(
        self, keys: TaskKeys, after: Start, limit: int, *, text: bool = False
    ) -> History | Absence:
        if keys.result.startswith(self._prefix):
            await self._watcher.settled(keys.result.removeprefix(self._prefix), self._timeout)
        return await super().read(keys, after, limit, text=text)


def _found(
    task_id: str,
    after: Start,
    then: Callable[[History | Absence | Exception], None],
    answer: History | Absence | Exception,
) -> None:
    then(answer if isinstance(answer, Exception) else StockHistory.of(task_id, after, answer))
