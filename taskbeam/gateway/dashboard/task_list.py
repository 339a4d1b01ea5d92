"""The operators' list of tasks, read from Redis: the newest first, filtered, in pages."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from taskbeam.gateway.dashboard.rows import Kind, Row

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from redis.asyncio import Redis

    from taskbeam.gateway.dashboard.wanted import Wanted
    from taskbeam.journal.control_keys import ControlKeys

#: Rows that are read at once: some milliseconds' work for Redis and for the event loop.
CHUNK = 250

#: Rows that one page looks at to find those that are wanted.
MOST_LOOKED = 10_000

_PLACE = re.compile(r"([0-9]{1,15})-(.{1,255})", re.ASCII | re.DOTALL)


class Place(NamedTuple):
    """Where a page ends: when its last task was sent (ms), and its id. Written ``ms-id``."""

    sent: int
    task_id: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Raises `ValueError` for anything else."""
        match = _PLACE.fullmatch(text)
        if match is None:
            raise ValueError("it is no `next` of a page")
        return cls(int(match[1]), match[2])

    def __str__(self) -> str:
        return f"{self.sent}-{self.task_id}"


@dataclass(frozen=True, slots=True)
class Page:
    """``counts``: of all tasks that are kept, by kind. ``following``: where the next page begins, if any."""

    tasks: list[Row]
    counts: dict[str, int]
    following: Place | None


class TaskList:
    """Reads what `TaskIndex` keeps. Its methods raise redis-py's errors."""

    def __init__(self, redis: Redis, control: ControlKeys, hidden: Sequence[str] = ()) -> None:
        """``hidden``: what operators are not shown, see `GatewaySettings.dashboard_hidden`."""
        self._redis: Any = redis
        self._control = control
        self._hidden = hidden

    async def row(self, task_id: str) -> Row | None:
        """What is kept of one task."""
        raw = await self._redis.hget(self._control.dashboard_rows, task_id)
        return None if raw is None else self._shown(raw)

    async def counts(self) -> dict[str, int]:
        """How many tasks are kept, by kind."""
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
        found: list[Row] = []
        async for place, row in self._rows(kind, since, until, before):
            if row is not None and wanted.fits(row):
                if len(found) == limit:
                    return Page(found, counts, before)
                found.append(row)
            before = place
            if row is None:
                return Page(found, counts, before)
        return Page(found, counts, None)

    def _shown(self, raw: bytes) -> Row:
        """A row, without what another gateway may have kept though this one hides it."""
        row: Row = json.loads(raw)
        for name in self._hidden:
            row.pop(name, None)
        return row

    async def _rows(
        self, kind: Kind | None, since: float, until: float | None, before: Place | None
    ) -> AsyncIterator[tuple[Place, Row | None]]:
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
                        yield place, self._shown(raw)
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
