"""One task's journal in a test: written through the append script, read back raw."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, cast
from uuid import uuid4

import redis

from taskbeam.journal.entry import Appended, Entry
from taskbeam.journal.events import FINAL_STATES, RETRY, Record
from taskbeam.journal.keys import CELERY_PREFIX
from tests.support.redis_cluster import names_on, server_of

from .waiting import DEADLINE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from taskbeam.journal.writer import Writer

#: How Redis keeps a small hash; the second one is from before Redis 7.
COMPACT = (b"listpack", b"ziplist")


class Journal:
    """Speaks for the worker; ``options`` hold for each of its entries."""

    def __init__(self, client: redis.Redis, writer: Writer, **options: Any) -> None:
        self.client = client
        self.writer = writer
        self.options = options
        self.task_id = str(uuid4())
        self.keys = names_on(client)(CELERY_PREFIX + self.task_id)

    def entry(self, state: str, run: str = "", type: str = "state", **fields: Any) -> Entry:  # noqa: A002
        """As the backend makes one; Celery's meta is the name of the state."""
        given: dict[str, Any] = {
            "final": state in FINAL_STATES,
            "ends_run": state == RETRY,
            "meta": state.encode(),
        }
        given |= self.options | fields
        return Entry(keys=self.keys, task_id=self.task_id, type=type, state=state, run=run, **given)

    def append(self, state: str, run: str = "", type: str = "state", **fields: Any) -> Appended:  # noqa: A002
        appended = self.writer.append(self.entry(state, run, type, **fields))
        # On a cluster queues and run times are told at another server, for which nobody waits.
        self.writer.collect()
        return appended

    def send(self, **fields: Any) -> Appended:
        """What happens when the task is sent."""
        return self.append("PENDING", birth=True, meta=b"", **fields)

    def say(self, run: str, type: str = "log", **fields: Any) -> Appended:  # noqa: A002
        """A log line or a chunk of data, which leaves the state as it is."""
        return self.append("", run, type, meta=b"", **fields)

    @property
    def raw(self) -> list[bytes]:
        """The log as it lies in Redis."""
        return cast("list[bytes]", self.client.lrange(self.keys.log, 0, -1))

    @property
    def records(self) -> list[Record]:
        return [Record.parse(raw) for raw in self.raw]

    @property
    def events(self) -> list[dict[str, Any]]:
        return [json.loads(record.body) for record in self.records]

    @property
    def states(self) -> list[str]:
        return [event["state"] for event in self.events]

    @property
    def stored(self) -> bytes | None:
        """What Celery would read."""
        return cast("bytes | None", self.client.get(self.keys.result))

    def picture(self) -> bytes | None:
        """The newest state, where log lines have pushed it out of the log."""
        return cast("bytes | None", self.client.hget(self.keys.head, "picture"))

    @contextmanager
    def watched(self) -> Iterator[list[tuple[str, bytes]]]:
        """What is published meanwhile, as (channel, message); complete when the block has ended."""
        heard: list[tuple[str, bytes]] = []
        end = f"end-{uuid4()}"
        server = server_of(self.client, self.keys.head)
        with server.pubsub(ignore_subscribe_messages=True) as pubsub:
            pubsub.subscribe(end)
            of_clusters = isinstance(self.client, redis.RedisCluster)
            (pubsub.ssubscribe if of_clusters else pubsub.subscribe)(self.keys.result)
            (pubsub.ssubscribe if self.keys.publish == "SPUBLISH" else pubsub.subscribe)(self.keys.channel)
            for _ in (end, self.keys.result, self.keys.channel):
                pubsub.get_message(ignore_subscribe_messages=False, timeout=DEADLINE)
            yield heard
            server.publish(end, b"")
            for message in pubsub.listen():
                channel = message["channel"].decode()
                if channel == end:
                    break
                heard.append((channel, message["data"]))
