"""A feed that is told its tasks' events one by one, as on a cluster: what is told, and how often."""

from __future__ import annotations

from hashlib import sha1
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest

from taskbeam.journal.feeds.bounds import DROPPED_TASKS, FEED_TASKS
from taskbeam.journal.feeds.names import feed_keys
from taskbeam.journal.feeds.owed import News, Owed
from taskbeam.journal.feeds.telling import catch_up, tell
from taskbeam.journal.keys import CELERY_PREFIX, ShardedKeys
from taskbeam.journal.scripts import TELL_FEED, Script

from .feed import Feed

if TYPE_CHECKING:
    import redis

    from taskbeam.journal.feeds.telling import Calls

#: A feed, and what it remembers, that a few tasks fill.
SMALL, REMEMBERED = 3, 4

_numbers = count(1)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    text = TELL_FEED.text.decode()
    for bound, less in ((FEED_TASKS, SMALL), (DROPPED_TASKS, REMEMBERED)):
        assert f"> {bound}" in text or f">= {bound}" in text
        for relation in ("<", ">", ">="):
            text = text.replace(f"{relation} {bound}", f"{relation} {less}")
    digest = sha1(text.encode(), usedforsecurity=False).hexdigest()
    monkeypatch.setattr("taskbeam.journal.feeds.telling.TELL_FEED", Script(text.encode(), digest))


class Apart:
    """A feed, and tasks that are at another server, whose journals are kept here."""

    def __init__(self, client: redis.Redis) -> None:
        self.name = f"owner:apart {next(_numbers)}"
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

    def says(self, state: str) -> News:
        """Its journal has it, and the feed is not told yet."""
        before = self.journal[-1][1].split(" ")[0] if self.journal else ""
        event = f"1-{len(self.journal) + 1}"
        body = f'{{"id":"{event}","task_id":"{self.id}","state":"{state}"}}'
        self.journal.append((state, f"{event} 0 {body}"))
        return News(self.journal[-1][1], state, before, life=600)

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


@pytest.fixture
def apart(client: redis.Redis) -> Apart:
    return Apart(client)


@pytest.mark.usefixtures("small")
class TestAFullFeed:
    def test_tells_an_open_task_once_that_it_has_dropped(self, apart: Apart) -> None:
        tasks = [apart.task() for _ in range(SMALL + 2)]
        for task in tasks:
            task.goes_on("PENDING")
        for state in ("STARTED", "PROGRESS", "SUCCESS"):
            for task in tasks:
                task.goes_on(state)
        assert [task.told for task in tasks] == [["PENDING", "STARTED", "PROGRESS", "SUCCESS"]] * len(tasks)

    def test_tells_an_ended_task_once_that_it_has_dropped(self, apart: Apart) -> None:
        """Somebody whose write is refused tells the feed whatever it lacks."""
        first = apart.task()
        first.goes_on("PENDING", "SUCCESS")
        for _ in range(SMALL):
            apart.task().goes_on("PENDING", "SUCCESS")
        assert first.id not in apart.feed.rows
        first.is_caught_up()
        first.is_told(None)
        assert first.told == ["PENDING", "SUCCESS"]

    def test_tells_what_it_lacks_of_a_task_that_it_has_dropped(self, apart: Apart) -> None:
        tasks = [apart.task() for _ in range(SMALL + 1)]
        for task in tasks:
            task.goes_on("PENDING")
        tasks[0].says("STARTED")
        tasks[0].goes_on("SUCCESS")
        assert tasks[0].told == ["PENDING", "STARTED", "SUCCESS"]

    def test_remembers_no_more_of_them_than_it_may(self, apart: Apart) -> None:
        for _ in range(SMALL + REMEMBERED + 3):
            apart.task().goes_on("PENDING")
        dropped = apart.feed.key("dropped")
        assert apart.feed.client.hlen(dropped) == REMEMBERED
        assert apart.feed.client.ttl(dropped) > 0
