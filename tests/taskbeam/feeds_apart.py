"""A feed in a test that is told its tasks' events one by one, as on a cluster."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, Any

from taskbeam.journal.feeds.names import feed_keys
from taskbeam.journal.feeds.owed import News, Owed
from taskbeam.journal.feeds.telling import catch_up, tell
from taskbeam.journal.keys import CELERY_PREFIX, ShardedKeys

from .feed import Feed

if TYPE_CHECKING:
    import redis

    from taskbeam.journal.feeds.telling import Calls

_numbers = count(1)


class Apart:
    """A feed, and tasks that are at another server, whose journals are kept here."""

    def __init__(self, client: redis.Redis, name: str = "") -> None:
        self.name = name or f"owner:apart {next(_numbers)}"
        self.feed = Feed(client, self.name)
        self.feed.keys = feed_keys(self.name, CELERY_PREFIX, ShardedKeys)
        self._client = client

    def task(self) -> Task:
        return Task(self, f"task {next(_numbers)}")

    def carry_out(self, calls: Calls, journal: list[tuple[str, str]]) -> None:
        """Each call is made; the task's own server answers with its journal."""
        answer: Any = None
        while True:
            try:
                call = calls.send(answer)
            except StopIteration:
                return
            if len(call.args) == 1:  # the transitions since an event
                after = _text(call.args[0])
                newer = [pair for pair in journal if not after or _seq(pair[1]) > _seq(after)]
                answer = ["", 600, "", *(part for pair in newer for part in pair)]
            else:
                answer = self._client.eval(call.script.text.decode(), len(call.keys), *call.keys, *call.args)


class Task:
    """What it has told, and its server keeps."""

    def __init__(self, apart: Apart, task_id: str) -> None:
        self.id = task_id
        self.keys = ShardedKeys(CELERY_PREFIX + task_id)
        self.journal: list[tuple[str, str]] = []
        self._apart = apart

    def says(self, state: str, *, life: int = 600, holds: str = "") -> News:
        """Its journal has it, and the feed is not told yet."""
        before = self.journal[-1][1].split(" ")[0] if self.journal else ""
        event = f"1-{len(self.journal) + 1}"
        body = f'{{"id":"{event}","task_id":"{self.id}","state":"{state}"}}'
        self.journal.append((state, f"{event} 0 {body}"))
        return News(self.journal[-1][1], state, before, holds=holds, life=life)

    def is_told(self, news: News | None) -> None:
        """As its writer tells it; None: what the journal says."""
        self._apart.carry_out(tell(self.keys, self._apart.name, Owed((), news)), self.journal)

    def is_caught_up(self) -> None:
        self._apart.carry_out(catch_up(self.keys, self._apart.name), self.journal)

    def goes_on(self, *states: str) -> None:
        for state in states:
            self.is_told(self.says(state))

    @property
    def told(self) -> list[str]:
        return [state for task, state in self._apart.feed.transitions if task == self.id]


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def _seq(record: str) -> int:
    return int(record.split(" ")[0].split("-")[1])
