"""The operators' list of tasks, read from Redis and on from the history: the newest first, in pages."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from taskbeam.gateway.dashboard.merging import merged
from taskbeam.gateway.dashboard.older import HistoryAwayError
from taskbeam.gateway.dashboard.place import Place
from taskbeam.gateway.dashboard.rows import OPEN, Kind, Row

if TYPE_CHECKING:
    from collections.abc import Sequence

    from redis.asyncio import Redis

    from taskbeam.gateway.dashboard.older import OlderTasks, Placed
    from taskbeam.gateway.dashboard.wanted import Wanted
    from taskbeam.journal.control_keys import ControlKeys

#: Rows that are read at once: some milliseconds' work for Redis and for the event loop.
CHUNK = 250

#: Rows that one page looks at to find those that are wanted.
MOST_LOOKED = 10_000


@dataclass(frozen=True, slots=True)
class Page:
    """``counts``: of all tasks that are kept, by kind. ``following``: where the next page begins, if any.

    ``history``: whether it was read, too; None: there is none.
    """

    tasks: list[Row]
    counts: dict[str, int]
    following: Place | None
    history: Literal["read", "away"] | None = None


class TaskList:
    """Reads what `TaskIndex` keeps. Its methods raise redis-py's errors."""

    def __init__(
        self,
        redis: Redis,
        control: ControlKeys,
        hidden: Sequence[str] = (),
        older: OlderTasks | None = None,
    ) -> None:
        """``hidden``: what operators are not shown, see `GatewaySettings.dashboard_hidden`."""
        self._redis: Any = redis
        self._control = control
        self._hidden = hidden
        self._older = older

    async def row(self, task_id: str) -> Row | None:
        """What is kept of one task."""
        raw = await self._redis.hget(self._control.dashboard_rows, task_id)
        if raw is not None:
            return self._shown(json.loads(raw))
        try:
            row = None if self._older is None else await self._older.row(task_id)
        except HistoryAwayError:
            return None
        return row and self._shown(row)

    async def counts(self) -> dict[str, int]:
        """How many tasks Redis has, by kind."""
        pipeline = self._redis.pipeline(transaction=True)
        for kind in Kind:
            pipeline.zcard(self._control.dashboard_kind(kind))
        return dict(zip(map(str, Kind), await pipeline.execute(), strict=True))

    async def page(
        self,
        wanted: Wanted,
        kind: Kind | None,
        since: float,
        until: float | None,
        before: Place | None,
        limit: int,
    ) -> Page:
        """At most ``limit`` tasks sent from ``since`` to ``until`` (Unix seconds), the newest first.

        A page may have fewer though there are more: `MOST_LOOKED` rows are looked at.
        """
        counts = await self.counts()
        # What has ended is in both, but for what Redis has dropped, and what came just now.
        kept = {} if self._older is None else self._older.counts()
        counts |= {kind: max(count, counts[kind]) for kind, count in kept.items()}
        rows, older = self._rows(kind, since, until, before), None
        if self._older is not None and kind not in OPEN:
            older = _Answering(self._older.rows(wanted, kind, since, until, before, limit + 1))
            rows = merged(rows, older.rows())
        found: list[Row] = []
        following: Place | None = None
        async for place, row in rows:
            row = row and self._shown(row)
            if row is None or (len(found) == limit and wanted.fits(row)):
                following = place if row is None else before
                break
            if wanted.fits(row):
                found.append(row)
            before = place
        if self._older is None:
            return Page(found, counts, following)
        return Page(found, counts, following, "away" if older is not None and older.away else "read")

    def _shown(self, row: Row) -> Row:
        """A row, without what another gateway may have kept though this one hides it."""
        return {name: value for name, value in row.items() if name not in self._hidden}

    async def _rows(
        self, kind: Kind | None, since: float, until: float | None, before: Place | None
    ) -> Placed:
        """Rows behind a place; one without a row says that enough were looked at."""
        key = self._control.dashboard_tasks if kind is None else self._control.dashboard_kind(kind)
        upper: float | str = "+inf" if until is None else int(until * 1000)
        if before is not None:
            upper = before.sent if until is None else min(before.sent, int(until * 1000))
        looked, many = 0, CHUNK
        while True:
            piece = await self._redis.zrevrangebyscore(
                key, upper, int(since * 1000), start=0, num=many, withscores=True
            )
            places = [Place(int(sent), raw.decode()) for raw, sent in piece]
            # In one millisecond they are in the order of their ids.
            places = [place for place in places if before is None or place < before]
            if places:
                raws = await self._redis.hmget(
                    self._control.dashboard_rows, [place.task_id for place in places]
                )
                for place, raw in zip(places, raws, strict=True):
                    if raw is not None:
                        yield place, json.loads(raw)
                looked += len(places)
                # Never by their number: others come and go meanwhile.
                before = places[-1]
                upper = before.sent
            if len(piece) < many:
                return
            if looked >= MOST_LOOKED and places:
                yield places[-1], None
                return
            if not places:
                many *= 2  # all were sent in the millisecond of the last one


class _Answering:
    """What the history tells until it does not answer."""

    def __init__(self, rows: Placed) -> None:
        self._rows = rows
        self.away = False

    async def rows(self) -> Placed:
        try:
            async for placed in self._rows:
                yield placed
        except HistoryAwayError:
            self.away = True
