"""All that is known of one task, for operators: its row, and what Celery has stored of it."""

from __future__ import annotations

import logging
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from taskbeam.background.log_fields import about
from taskbeam.gateway.dashboard.links import filled
from taskbeam.gateway.dashboard.older import HistoryAwayError
from taskbeam.gateway.dashboard.rows import Row, told
from taskbeam.journal.encode import to_json
from taskbeam.stock.meta import MAX_BYTES, UnreadableMetaError, all_members

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from redis.asyncio import Redis

    from taskbeam.gateway.dashboard.journals import JournalRows
    from taskbeam.gateway.dashboard.older import OlderTasks
    from taskbeam.gateway.dashboard.sent_to import SentTo
    from taskbeam.gateway.dashboard.task_list import TaskList
    from taskbeam.journal.keys import JournalNames

logger = logging.getLogger(__name__)


class TaskDetails:
    """Reads them; its methods raise redis-py's errors."""

    def __init__(
        self,
        redis: Redis,
        names: JournalNames,
        listed: TaskList,
        journals: JournalRows,
        sent_to: SentTo,
        hidden: Sequence[str],
        elsewhere: Mapping[str, str | None],
        older: OlderTasks | None = None,
    ) -> None:
        """``hidden``: what operators are not shown, see `GatewaySettings.dashboard_hidden`.

        ``elsewhere``: templates of addresses, by what is seen there: `log`, `trace`.
        """
        self._redis: Any = redis
        self._names = names
        self._list = listed
        self._journals = journals
        self._sent_to = sent_to
        self._hidden = frozenset(hidden)
        self._elsewhere = {what: template for what, template in elsewhere.items() if template}
        self._older = older

    async def of(self, task_id: str) -> Row | None:
        """The row as the journal has it now, else as the list has kept it, with `stored_details`.

        ``hidden`` names what is not shown. None: there is no trace of the task.
        """
        kept = await self._list.row(task_id)
        row = (await self._journals.read([task_id])).get(task_id)
        if row is None and kept is None:
            return None
        found = {**(kept or {}), **(row or {})}
        found |= stored_details(await self.stored(task_id) or {}, self._hidden)
        found["queue"] = await self._sent_to.queue(task_id, found.get("queue"))
        now = time.time()
        links = {what: filled(template, found, now) for what, template in self._elsewhere.items()}
        return told(found) | {"hidden": sorted(self._hidden), "links": told(links)}

    async def stored(
        self, task_id: str, loads: Callable[[bytes], Any] | None = None
    ) -> dict[str, Any] | None:
        """What Celery has stored of the task; empty where that is nothing, None where it cannot be read.

        Where that has expired it is what the history has kept of it.

        ``loads`` reads JSON: Kombu's makes dates and the like of what it has written for them.
        """
        stored = await self._redis.getrange(self._names.task(task_id).result, 0, MAX_BYTES)
        if not stored and self._older is not None:
            with suppress(HistoryAwayError):
                stored = await self._older.meta(task_id)
        try:
            return all_members(stored, loads) if stored else {}
        except UnreadableMetaError as error:
            logger.warning(
                "The dashboard cannot read what Celery has stored of task %s: %s",
                task_id,
                error,
                extra=about(task_id=task_id),
            )
            return None


def stored_details(meta: Mapping[str, Any], hidden: frozenset[str]) -> Row:
    """What a stored result tells beside the row. Pure.

    Arguments, worker and queue are there with Celery's `result_extended`.
    """
    found: Row = {}
    if "args" in meta and "arguments" not in hidden:
        found["arguments"] = {name: _readable(meta.get(name)) for name in ("args", "kwargs")}
    found["extended"] = "args" in meta
    for member in ("worker", "queue"):
        if isinstance(meta.get(member), str):
            found[member] = meta[member]
    result = meta.get("result")
    if "exception" not in hidden and isinstance(result, dict) and isinstance(result.get("exc_type"), str):
        said = result.get("exc_message")
        words = " ".join(map(str, said)) if isinstance(said, list) else str(said or "")
        found["exception"] = f"{result['exc_type']}: {words}".removesuffix(": ")
        if isinstance(meta.get("traceback"), str):
            found["traceback"] = meta["traceback"]
    return found


def _readable(value: Any) -> Any:
    """A text where it is no JSON: msgpack and YAML have bytes, and keys of any type."""
    try:
        to_json(value)
    except (TypeError, ValueError, RecursionError):
        return repr(value)
    return value
