"""Reads from the journals what the operators' list needs of tasks: labels, states, and whole rows."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any

from redis.exceptions import RedisError, ResponseError

from taskbeam.background.log_fields import about
from taskbeam.gateway.dashboard.every_event import head_pattern
from taskbeam.gateway.dashboard.rounds import Rounds
from taskbeam.gateway.dashboard.rows import HEAD, Kind, Row, kind_of, labelled, row_of
from taskbeam.journal import events
from taskbeam.journal.entry import read_ids
from taskbeam.journal.events import Record
from taskbeam.stock.meta import UnreadableMetaError, read_meta

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from redis.asyncio import Redis

    from taskbeam.journal.events import EventId
    from taskbeam.journal.keys import JournalNames

logger = logging.getLogger(__name__)

#: Events at each end of a journal that are read to make a row.
EDGE = 10

#: Calls of SCAN in one tick, and the keys that each looks at: some milliseconds of Redis' time.
SCANS, SCANNED = 5, 1000

#: Bytes of a stored result in which a failure's exception is looked for, and characters of it that are kept.
MOST_META = 64 * 1024
MOST_EXCEPTION = 200

Head = dict[str, str]


class JournalRows:
    """Of one gateway. Its methods raise redis-py's errors."""

    def __init__(self, redis: Redis, names: JournalNames, own: str, hidden: Sequence[str] = ()) -> None:
        """``own``: the id of the dashboard's own task, which the list has not.

        ``hidden``: what operators are not shown, see `GatewaySettings.dashboard_hidden`.
        """
        self._redis: Any = redis
        self._names = names
        self._own = own
        self._explains = "exception" not in hidden
        self._rounds = Rounds()

    async def read(self, ids: Sequence[str]) -> dict[str, Row]:
        """Whole rows. Tasks without a journal are left out; those that cannot be read now are searched."""
        pipeline = self._redis.pipeline(transaction=False)
        for task_id in ids:
            keys = self._names.task(task_id)
            pipeline.hmget(keys.head, *HEAD)
            pipeline.lrange(keys.log, 0, EDGE - 1)
            pipeline.lrange(keys.log, -EDGE, -1)
        replies = iter(await pipeline.execute(raise_on_error=False) if ids else ())
        rows: dict[str, Row] = {}
        for task_id, *raw in zip(ids, replies, replies, replies, strict=True):
            if any(map(_unanswered, raw)):
                self.search()
                continue
            try:
                head, first, last = _head(raw[0]), raw[1], raw[2]
                if "epoch" in head:
                    rows[task_id] = labelled(row_of(head, _events([*first, *last])), head) | {"id": task_id}
            except (ValueError, TypeError, KeyError) as error:
                logger.warning(
                    "The dashboard cannot read the journal of task %s: %r",
                    task_id,
                    error,
                    extra=about(task_id=task_id),
                )
        return rows | await self.explain([row for row in rows.values() if kind_of(row) is Kind.FAILED])

    async def label(self, rows: Mapping[str, Row]) -> dict[str, Row]:
        """The rows with their labels."""
        pipeline = self._redis.pipeline(transaction=False)
        for task_id in rows:
            pipeline.hmget(self._names.task(task_id).head, *HEAD)
        # A key of another type in a head's place, say, is no reason to tell nothing at all.
        heads = await pipeline.execute(raise_on_error=False) if rows else ()
        return {
            task_id: labelled(row, _head(head))
            for (task_id, row), head in zip(rows.items(), heads, strict=True)
        }

    async def states(self, ids: Sequence[str]) -> dict[str, str | None]:
        """How tasks stand; None: there is no journal. Those that cannot be read now are left out."""
        pipeline = self._redis.pipeline(transaction=False)
        for task_id in ids:
            pipeline.hget(self._names.task(task_id).head, "state")
        found = await pipeline.execute(raise_on_error=False) if ids else ()
        states = {}
        for task_id, raw in zip(ids, found, strict=True):
            if _unanswered(raw):
                continue
            states[task_id] = raw.decode() if isinstance(raw, bytes) else None
        return states

    async def waiting_in_vain(self, ids: Sequence[str]) -> list[str]:
        """The tasks that wait for those of these that have ended without success."""
        pipeline = self._redis.pipeline(transaction=False)
        for task_id in ids:
            pipeline.hmget(self._names.task(task_id).head, "final", "state", "next")
        waiting: list[str] = []
        for head in await pipeline.execute(raise_on_error=False) if ids else ():
            if _unanswered(head):
                raise head
            final, state, following = head if isinstance(head, list) else (None, None, None)
            if final == b"1" and state != events.SUCCESS.encode() and following:
                waiting += read_ids(following)
        return waiting

    async def explain(self, failed: Sequence[Row]) -> dict[str, Row]:
        """The rows of failures with the exception that Celery has stored, in one line."""
        if not (self._explains and failed):
            return {}
        pipeline = self._redis.pipeline(transaction=False)
        for row in failed:
            pipeline.getrange(self._names.task(row["id"]).result, 0, MOST_META)
        metas = await pipeline.execute(raise_on_error=False)
        rows = {}
        for row, stored in zip(failed, metas, strict=True):
            if isinstance(stored, bytes) and stored and (line := exception_line(stored)) is not None:
                rows[row["id"]] = row | {"exception": line}
        return rows

    def search(self) -> None:
        """From now on events are heard. What was told before may be unknown: all keys are gone through."""
        self._rounds.owe()

    @property
    def searching(self) -> bool:
        """Whether there are keys yet to look through."""
        return self._rounds.cursor is not None

    async def scan(self, known: Callable[[Sequence[str]], Awaitable[set[str]]]) -> list[dict[str, Row]]:
        """Rows of some tasks that are not ``known``; each call looks further, until `search` is done."""
        found: list[dict[str, Row]] = []
        before, after = self._names.task("\0").head.split("\0")
        pattern = head_pattern(self._names.prefix)
        for _ in range(SCANS):
            if (cursor := self._rounds.cursor) is None:
                break
            cursor, keys = await self._redis.scan(cursor, match=pattern, count=SCANNED)
            ids = [key.decode(errors="replace")[len(before) : -len(after)] for key in keys or ()]
            new = set(ids) - await known(ids) - {self._own}
            found.append(await self.read(sorted(new)))
            self._rounds.looked(cursor)
            if keys is None:  # a server of a cluster does not answer: its part is looked for again
                self._rounds.owe()
                break
        return found


def exception_line(stored: bytes) -> str | None:
    """What Celery has stored of a failure, as `ValueError: boom`; None where that cannot be read."""
    try:
        result = read_meta(stored).result
    except UnreadableMetaError:
        return None
    if not isinstance(result, dict) or not isinstance(result.get("exc_type"), str):
        return None
    said = result.get("exc_message")
    words = " ".join(map(str, said)) if isinstance(said, list) else str(said or "")
    return " ".join(f"{result['exc_type']}: {words}".split()).removesuffix(":")[:MOST_EXCEPTION]


def _unanswered(reply: Any) -> bool:
    """Whether it is of a cluster's server that does not answer."""
    return isinstance(reply, RedisError) and not isinstance(reply, ResponseError)


def _head(values: Any) -> Head:
    if not isinstance(values, list):
        return {}
    return {
        name: value.decode(errors="replace")
        for name, value in zip(HEAD, values, strict=True)
        if value is not None
    }


def _events(raws: Sequence[bytes]) -> list[tuple[EventId, dict[str, Any]]]:
    """By their ids, each once."""
    records = {record.id: record for record in map(Record.parse, raws)}
    return [(place, json.loads(records[place].body)) for place in sorted(records)]
