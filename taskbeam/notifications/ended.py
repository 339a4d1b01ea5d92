"""A task's end, as those who are told of it hear it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from taskbeam.journal.events import Record
from taskbeam.journal.labels import FIELDS, Labels

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from taskbeam.journal.keys import TaskKeys
    from taskbeam.notifications.members import End


class Ended(NamedTuple):
    """The last event of a task (`docs/contract.md`), whose it is, and which targets asked for this one."""

    end: End
    event: dict[str, Any]
    labels: Labels
    asked_by: tuple[str, ...]

    @property
    def state(self) -> str:
        """One of the final states."""
        return str(self.event["state"])

    @property
    def name(self) -> str | None:
        """Celery's name of the task, where it is known."""
        return self.event.get("name")


async def read_ended(redis: Redis, keys: TaskKeys, end: End) -> Ended | None:
    """Read it from the task's journal.

    Returns None where the journal has expired, or goes on: a task that was sent again has another end.
    Raises redis-py's errors.
    """
    pipeline: Any = redis.pipeline(transaction=True)
    pipeline.lrange(keys.log, -1, -1)
    pipeline.hmget(keys.head, "notify", *FIELDS)
    [records, [notify, *labels]] = await pipeline.execute()
    record = Record.parse(records[0]) if records else None
    if record is None or record.id != end.id:
        return None
    asked_by = tuple((notify or b"").decode().split())
    return Ended(end, json.loads(record.body), Labels.of_head(labels), asked_by)
