"""Keeps the operators' list in Redis: a row for each task, by when it was sent and by how it stands.

One gateway at a time writes it, once a second, beside the workers' way. It is bounded by number and by age,
and heals itself: tasks that go on are looked up in their journals again and again, so whatever was not heard
(a lost connection, a burst, another gateway's turn) stays no longer than that takes.
"""

from __future__ import annotations

import json
import logging
import time
from collections import Counter
from typing import TYPE_CHECKING, Any

from taskbeam.gateway.dashboard.rows import ENDED, OPEN, Kind, Row, kind_of, merged, told
from taskbeam.journal.encode import to_json

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from redis.asyncio import Redis

    from taskbeam.gateway.dashboard.journals import JournalRows
    from taskbeam.journal.control_keys import ControlKeys

logger = logging.getLogger(__name__)

#: Open tasks that one tick looks up again, and rows that it writes at once.
CHECKED = 500
BATCH = 500

#: Batches that one tick drops at most: more than it takes in.
TRIMS = 40

#: Seconds that the list outlives the last gateway that wrote it, beyond the age that it keeps.
MARGIN = 24 * 3600


class TaskIndex:
    """Of one gateway, for as long as it is its turn. Its methods raise redis-py's errors."""

    def __init__(
        self,
        redis: Redis,
        control: ControlKeys,
        journals: JournalRows,
        most: int,
        seconds: float,
        *,
        owes: bool = False,
    ) -> None:
        """At most ``most`` tasks are kept, and those that have ended for ``seconds`` since they were sent.

        ``owes``: there is a history, which is owed each that has ended.
        """
        self._redis: Any = redis
        self._control = control
        self._journals = journals
        self._most = most
        self._seconds = seconds
        self._owes = owes
        # The tasks that go on, as the list has them: their names and kinds.
        self._open: dict[str, tuple[str, Kind]] = {}
        self._unchecked: list[str] = []
        self._changes: dict[str, Row] = {}

    def heard(self, change: Row) -> None:
        """Take what an event changes, until it is written."""
        task_id = change["id"]
        before = self._changes.get(task_id)
        self._changes[task_id] = change if before is None else merged(before, change)

    async def load(self) -> None:
        """Learn which tasks go on, as whoever wrote the list before has left it.

        Nobody may have written it for a while. So all journals are looked through, beginning now.
        """
        self._journals.search()
        self._open.clear()
        for kind in OPEN:
            ids = [
                raw.decode() for raw in await self._redis.zrange(self._control.dashboard_kind(kind), 0, -1)
            ]
            for start in range(0, len(ids), BATCH):
                for row in (await self._stored(ids[start : start + BATCH])).values():
                    self._open[row["id"]] = row["name"], kind

    async def write(self, workers: Mapping[str, str]) -> None:
        """Write what was heard, look up some of those that go on, and keep the bounds.

        ``workers``: by task, which worker runs it at this moment.
        """
        changes, self._changes = self._changes, {}
        ids = list(changes)
        for start in range(0, len(ids), BATCH):
            await self._write({task_id: changes[task_id] for task_id in ids[start : start + BATCH]}, workers)
        await self._check(workers)
        for _ in range(TRIMS):
            if await self._trim() < BATCH:
                break

    async def find(self) -> None:
        """Take in some of the tasks of which nothing was heard, until all keys are looked through."""
        for rows in await self._journals.scan(self._known):
            await self._put(rows)

    @property
    def standing(self) -> dict[str, dict[str, int]]:
        """How many tasks go on, by name and kind."""
        counts: dict[str, Counter[str]] = {}
        for name, kind in self._open.values():
            counts.setdefault(name, Counter())[kind] += 1
        return {name: dict(count) for name, count in counts.items()}

    async def _write(self, changes: Mapping[str, Row], workers: Mapping[str, str]) -> None:
        stored = await self._stored(list(changes))
        rows: dict[str, Row] = {}
        unheard = [
            task_id for task_id, change in changes.items() if task_id not in stored and "sent" not in change
        ]
        rows |= await self._journals.read(unheard)
        # Labels are in the head since the birth, and the trace of a run since its end.
        heads = [
            i for i, change in changes.items() if i not in rows and ("sent" in change or change["ended"])
        ]
        for task_id, change in changes.items():
            if task_id not in rows and (task_id in stored or "sent" in change):
                rows[task_id] = merged(stored.get(task_id, {}), change)
        rows |= await self._journals.label({task_id: rows[task_id] for task_id in heads if task_id in rows})
        for task_id, row in rows.items():
            if task_id in workers:
                row["worker"] = workers[task_id]
        rows |= await self._journals.explain([row for row in rows.values() if kind_of(row) is Kind.FAILED])
        await self._put(rows)

    async def _check(self, workers: Mapping[str, str]) -> None:
        """Compare some of those that go on with their journals, in turns."""
        if not self._unchecked:
            self._unchecked = list(self._open)
        ids, self._unchecked = self._unchecked[:CHECKED], self._unchecked[CHECKED:]
        ids = [task_id for task_id in ids if task_id in self._open]
        states = await self._journals.states(ids)
        gone = [task_id for task_id, state in states.items() if state is None]
        stale = [
            i for i, state in states.items() if state and kind_of({"state": state}) is not self._open[i][1]
        ]
        await self._put(await self._journals.read(stale))
        await self._drop(gone)
        unnamed = [i for i in ids if i in workers and i in self._open]
        rows = await self._stored(unnamed)
        await self._put(
            {i: r | {"worker": workers[i]} for i, r in rows.items() if r.get("worker") != workers[i]}
        )

    async def _trim(self) -> int:
        """Drop what is over the bounds: what has ended goes first, the oldest before the others.

        At most `BATCH` of them; returns how many.
        """
        control, oldest = self._control, time.time() - self._seconds
        pipeline = self._redis.pipeline(transaction=False)
        pipeline.zcard(control.dashboard_tasks)
        for kind in ENDED:
            pipeline.zrange(control.dashboard_kind(kind), 0, BATCH - 1, withscores=True)
        count, *ended = await pipeline.execute()
        excess = count - self._most
        candidates = sorted((sent, raw.decode()) for piece in ended for raw, sent in piece)
        over = [i for n, (sent, i) in enumerate(candidates) if n < excess or sent < oldest * 1000]
        if excess > 0 and not candidates:
            raws = await self._redis.zrange(control.dashboard_tasks, 0, min(excess, BATCH) - 1)
            over = [raw.decode() for raw in raws]
        await self._drop(over[:BATCH])
        return len(over[:BATCH])

    async def _stored(self, ids: Sequence[str]) -> dict[str, Row]:
        if not ids:
            return {}
        raws = await self._redis.hmget(self._control.dashboard_rows, list(ids))
        return {task_id: json.loads(raw) for task_id, raw in zip(ids, raws, strict=True) if raw is not None}

    async def _known(self, ids: Sequence[str]) -> set[str]:
        scores = await self._redis.zmscore(self._control.dashboard_tasks, list(ids)) if ids else []
        return {task_id for task_id, score in zip(ids, scores, strict=True) if score is not None}

    async def _put(self, rows: Mapping[str, Row]) -> None:
        if not rows:
            return
        control = self._control
        kinds: dict[Kind, dict[str, int]] = {kind: {} for kind in Kind}
        for task_id, row in rows.items():
            kinds[kind_of(row)][task_id] = round(row["sent"] * 1000)
        texts = {task_id: to_json(told(row)) for task_id, row in rows.items()}
        pipeline = self._redis.pipeline(transaction=True)
        pipeline.hset(control.dashboard_rows, mapping=texts)
        pipeline.zadd(control.dashboard_tasks, {i: round(row["sent"] * 1000) for i, row in rows.items()})
        for kind, members in kinds.items():
            others = [task_id for task_id in rows if task_id not in members]
            if members:
                pipeline.zadd(control.dashboard_kind(kind), members)
            if others:
                pipeline.zrem(control.dashboard_kind(kind), *others)
        self._owe(pipeline, [texts[task_id] for kind in ENDED for task_id in kinds[kind]])
        lasts = round(self._seconds) + MARGIN
        for key in (*self._keys(), control.dashboard_owed):
            pipeline.expire(key, lasts)
        await pipeline.execute()
        for task_id, row in rows.items():
            if (kind := kind_of(row)) in OPEN:
                self._open[task_id] = row["name"], kind
            else:
                self._open.pop(task_id, None)

    def _owe(self, pipeline: Any, rows: Sequence[str]) -> None:
        """To the history, in the step in which the list has them."""
        for row in rows if self._owes else ():
            pipeline.xadd(self._control.dashboard_owed, {"row": row}, maxlen=self._most, approximate=True)

    async def _drop(self, ids: Sequence[str]) -> None:
        if not ids:
            return
        rows, *sets = self._keys()
        pipeline = self._redis.pipeline(transaction=True)
        pipeline.hdel(rows, *ids)
        for key in sets:
            pipeline.zrem(key, *ids)
        await pipeline.execute()
        for task_id in ids:
            self._open.pop(task_id, None)

    def _keys(self) -> list[str]:
        control = self._control
        return [control.dashboard_rows, control.dashboard_tasks, *map(control.dashboard_kind, Kind)]
