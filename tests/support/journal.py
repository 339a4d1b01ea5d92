"""Journals that a test writes itself, as a worker would, where no worker is needed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Self, cast
from uuid import uuid4

from taskbeam.celery.written_text import in_json, units_of
from taskbeam.journal import events
from taskbeam.journal.describe import files_member
from taskbeam.journal.encode import to_json
from taskbeam.journal.entry import Entry, Verdict
from taskbeam.journal.events import EventId, Record
from taskbeam.journal.limits import DEFAULT_LIMIT, Limits

from .results import (
    client_of,
    cut_subscriptions_to,
    names,
    subscribers_of,
    subscriptions_of,
    tell_news_of,
    writer_to,
)
from .waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


#: What most tasks of tests are called.
NAME = "tests.task"

#: Bytes that a journal of a test may have: as many as its ``limit`` of events needs.
MOST_BYTES = 1 << 30


class Journals:
    """Journals on one Redis, whose URL names the database of the results."""

    def __init__(self, url: str) -> None:
        self.redis = client_of(url)
        self.writer = writer_to(self.redis)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.writer.close()
        self.redis.close()

    def task(
        self,
        *,
        limit: int = DEFAULT_LIMIT,
        task_id: str | None = None,
        labels: Mapping[str, str] | None = None,
        name: str = NAME,
    ) -> Task:
        """A task that was just sent; ``labels`` as the journal's head has them."""
        task = Task(self, task_id or str(uuid4()), limit, labels, name)
        task.append(state=events.PENDING, type="state")
        return task

    def subscriptions(self) -> int:
        """How many channels any gateway is subscribed to."""
        return subscriptions_of(self.redis)

    def cut_subscriptions(self) -> None:
        """End each connection over which somebody hears what is published."""
        cut_subscriptions_to(self.redis)


class Task:
    """One task's journal."""

    def __init__(
        self,
        journals: Journals,
        task_id: str,
        limit: int,
        labels: Mapping[str, str] | None = None,
        name: str = NAME,
    ) -> None:
        self.id = task_id
        self.keys = names(task_id)
        self._journals = journals
        self._limit = limit
        self._labels = labels or {}
        self._name = name
        self._written = 0

    def append(
        self,
        data: object = None,
        *,
        state: str = events.PROGRESS,
        type: str = "progress",  # noqa: A002
        final: bool = False,
        files: Sequence[str] = (),
        permille: int | None = None,
        **members: object,
    ) -> EventId:
        """Append an event with ``members`` of its own; returns its id. ``permille``: how much is done."""
        appended = self._journals.writer.append(
            Entry(
                keys=self.keys,
                task_id=self.id,
                type=type,
                members={"data": to_json(data)}
                | files_member(list(files))
                | {name: to_json(member) for name, member in members.items()},
                state=state,
                run="run",
                final=final,
                permille=permille,
                limits=Limits(limit=self._limit, limit_bytes=MOST_BYTES),
                labels=self._labels,
                name=self._name,
            )
        )
        assert appended.verdict is Verdict.APPENDED
        if type == "state" and not final:
            tell_news_of(self._journals.redis, self.keys.result)
        if final:
            # On a cluster whoever is to be told is found at another server, for which nobody waits.
            self._journals.writer.collect()
        return appended.id

    def write(self, text: str, written: int | None = None) -> EventId:
        """Append to the text that the task writes; ``written``: UTF-16 units of all of it, lost ones too."""
        units = units_of(text)
        self._written = self._written + units if written is None else written
        appended = self._journals.writer.append(
            Entry(
                keys=self.keys,
                task_id=self.id,
                type="output",
                text=in_json(text),
                units=units,
                written=self._written,
                run="run",
                limits=Limits(limit=self._limit, limit_bytes=MOST_BYTES),
            )
        )
        assert appended.verdict is Verdict.APPENDED
        return appended.id

    def append_unheard(self, data: object) -> bytes:
        """Append an event as the script does, but for the publication; returns its body."""
        epoch, seq = self.records()[-1].id
        event = json.loads(self.bodies()[-1])
        body = to_json(event | {"id": f"{epoch}-{seq + 1}", "data": data}).encode()
        with self._journals.redis.pipeline() as pipeline:
            pipeline.rpush(self.keys.log, b"%d-%d 0 %b" % (epoch, seq + 1, body))
            pipeline.hset(self.keys.head, mapping={"seq": seq + 1, "snapshot": seq + 1})
            pipeline.execute()
        return body

    def grow(self, count: int) -> list[EventId]:
        """Append several events."""
        return [self.append(number) for number in range(count)]

    def finish(self) -> EventId:
        """Append the final event."""
        return self.append(state=events.SUCCESS, type="state", final=True)

    def lose(self) -> None:
        """Forget everything, as Redis does when it loses its data."""
        self._journals.redis.delete(self.keys.head, self.keys.log, self.keys.tombstone)

    def records(self) -> list[Record]:
        """What the journal has now."""
        raw = cast("list[bytes]", self._journals.redis.lrange(self.keys.log, 0, -1))
        return [Record.parse(each) for each in raw]

    def bodies(self) -> list[bytes]:
        """The events as every client is to get them."""
        return [record.body for record in self.records()]

    @property
    def subscribers(self) -> int:
        """How many gateways are subscribed to the task."""
        return subscribers_of(self._journals.redis, self.keys.channel)

    def wait_for_subscribers(self, count: int = 1) -> None:
        """Return when this many gateways are subscribed."""
        wait_until(lambda: self.subscribers == count)
