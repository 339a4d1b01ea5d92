"""A feed in a test, read back raw."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, cast

from taskbeam.journal.events import Record
from taskbeam.journal.feeds.names import feed_keys
from taskbeam.journal.keys import CELERY_PREFIX
from tests.support.redis_cluster import names_on

if TYPE_CHECKING:
    import redis

#: The keys of a feed beside those of a journal.
PARTS = ("head", "log", "order", "ended")


class Feed:
    """What the feed of this name has in Redis."""

    def __init__(self, client: redis.Redis, name: str) -> None:
        self.client = client
        self.name = name
        self.keys = feed_keys(name, CELERY_PREFIX, names_on(client))

    def key(self, part: str) -> str:
        return self.keys.head.removesuffix("head") + part

    @property
    def records(self) -> list[Record]:
        raw = cast("list[bytes]", self.client.lrange(self.keys.log, 0, -1))
        return [Record.parse(each) for each in raw]

    @property
    def told(self) -> list[dict[str, Any]]:
        """The bodies of the records."""
        return [json.loads(record.body) for record in self.records]

    @property
    def transitions(self) -> list[tuple[str, str]]:
        """The task and the state of each record of a task."""
        told = [each["event"] for each in self.told if each["type"] == "task"]
        return [(event["task_id"], event["state"]) for event in told]

    @property
    def rows(self) -> dict[str, str]:
        found = cast("dict[bytes, bytes]", self.client.hgetall(self.keys.head))
        rows = {field.decode(): value.decode() for field, value in found.items() if field.startswith(b":")}
        return {field.removeprefix(":"): self._said(row) for field, row in rows.items()}

    def row(self, said: str) -> str:
        """A row that says so of a task, as the feed has it."""
        return said if self.keys.beside_control else f"1-1 {said}"

    def _said(self, row: str) -> str:
        """A row as on one server; on a cluster the id of an event stands before it."""
        return row if self.keys.beside_control else row.partition(" ")[2]

    @property
    def bytes(self) -> int:
        """Those of the log, as the packed numbers have them."""
        packed = cast("bytes", self.client.hget(self.keys.head, "numbers"))
        return int.from_bytes(packed[25:29], "little")

    @property
    def rollup(self) -> dict[str, Any]:
        """That of the newest record."""
        found: dict[str, Any] = self.told[-1]["rollup"]
        return found
