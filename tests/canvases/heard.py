"""What the feeds published, and what is in Redis of all tasks."""

from __future__ import annotations

from collections import Counter
from typing import Any, Self, cast

import redis

from taskbeam.journal.events import Record
from taskbeam.journal.feeds.names import FEED
from taskbeam.journal.keys import CELERY_PREFIX
from tests.taskbeam.feed import Feed


class Heard:
    """Every record of every feed, as somebody hears it who is always there.

    Nobody hears all of a cluster: there they are those of the log, as long as it has not begun anew.
    """

    def __init__(self, client: Any) -> None:
        self.client = client
        clustered = isinstance(client, redis.RedisCluster)
        self._pubsub = None if clustered else client.pubsub(ignore_subscribe_messages=True)
        self._records: list[tuple[str, bytes]] = []

    def __enter__(self) -> Self:
        if self._pubsub is not None:
            self._pubsub.psubscribe(f"{{{FEED}*")
            self._pubsub.get_message(ignore_subscribe_messages=False, timeout=60)
        return self

    def __exit__(self, *_: object) -> None:
        if self._pubsub is not None:
            self._pubsub.close()

    def records(self, feed: str) -> list[Record]:
        """The numbered ones of a feed."""
        if self._pubsub is None:
            return Feed(self.client, feed).records
        while (message := self._pubsub.get_message(timeout=0.05)) is not None:
            name = message["channel"].decode().removeprefix(f"{{{FEED}{CELERY_PREFIX}").removesuffix("}:live")
            if not message["data"].startswith(b"- "):
                self._records.append((name, message["data"]))
        return [Record.parse(raw) for name, raw in self._records if name == feed]

    @property
    def states(self) -> dict[str, str]:
        """The state of each task, as its journal has it."""
        return {task: head["state"] for task, head in self.heads.items()}

    @property
    def heads(self) -> dict[str, dict[str, str]]:
        prefix, found = f"{{{CELERY_PREFIX}", {}
        for key in self.client.scan_iter(f"{prefix}*}}:head"):
            fields = cast("dict[bytes, bytes]", self.client.hgetall(key))
            task = key.decode().removeprefix(prefix).removesuffix("}:head")
            found[task] = {name.decode(): value.decode() for name, value in fields.items()}
        # Celery stores that a chain has failed for the groups in it, too, which are no tasks.
        return {task: head for task, head in found.items() if head["name"] != "celery.group"}


def done(states: Any) -> dict[str, int]:
    return dict(Counter(states))
