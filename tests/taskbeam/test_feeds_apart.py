"""A feed that is told its tasks' events one by one, as on a cluster: what is told, and how often."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha1
from typing import TYPE_CHECKING

import pytest

from taskbeam.journal.feeds.bounds import DROPPED_TASKS, FEED_LIFE, FEED_TASKS, LOOK_EVERY
from taskbeam.journal.feeds.canvas_news import GroupSizes, Size
from taskbeam.journal.scripts import TELL_FEED, Script

from .feeds_apart import Apart, Task

if TYPE_CHECKING:
    import redis

#: A feed, and what it remembers, that a few tasks fill.
SMALL, REMEMBERED = 3, 4


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    text = TELL_FEED.text.decode()
    for bound, less in ((FEED_TASKS, SMALL), (DROPPED_TASKS, REMEMBERED)):
        assert f"> {bound}" in text or f">= {bound}" in text
        for relation in ("<", ">", ">="):
            text = text.replace(f"{relation} {bound}", f"{relation} {less}")
    digest = sha1(text.encode(), usedforsecurity=False).hexdigest()
    monkeypatch.setattr("taskbeam.journal.feeds.telling.TELL_FEED", Script(text.encode(), digest))


@pytest.fixture
def apart(client: redis.Redis) -> Apart:
    return Apart(client)


def test_a_task_whose_journal_is_gone_is_counted_no_more(apart: Apart) -> None:
    gone, again, stays = (apart.task() for _ in range(3))
    for task in (gone, again):
        task.goes_on("PENDING", "SUCCESS")
    again.goes_on("STARTED")
    expires, client = apart.feed.key("expires"), apart.feed.client
    assert client.zscore(expires, gone.id) == pytest.approx(client.time()[0] + 600, abs=5)
    assert client.ttl(expires) > 600
    client.zadd(expires, {gone.id: 1, again.id: 1})  # it is some time later
    for _ in range(LOOK_EVERY):
        apart.task().goes_on("PENDING")
    stays.goes_on("PENDING")
    assert {gone.id, again.id, stays.id} & apart.feed.rows.keys() == {again.id, stays.id}
    assert apart.feed.rollup["total"] == len(apart.feed.rows)
    assert client.zcard(expires) == 0


@pytest.mark.parametrize("holds", [("1", ""), ("", "1")], ids=["sent by now", "still to be sent"])
def test_a_tree_waits_for_the_errbacks_of_the_newest_failure_though_it_was_told_no_state_between(
    client: redis.Redis, holds: tuple[str, str]
) -> None:
    """The log is cut: it has only the newest picture of a task that ran again, and failed again."""
    name = f"first task that {'has' if holds[0] else 'had'} errbacks"
    tree = Apart(client, f"tree:{name}")
    task = Task(tree, name)
    for waits in holds:
        task.is_told(replace(task.says("FAILURE", holds=waits), after=""))
        assert tree.feed.rollup["final"] == (waits == "")
    task.is_caught_up()
    assert tree.feed.rollup["final"]


def test_a_size_that_comes_before_the_first_member_is_kept_for_it(client: redis.Redis) -> None:
    """Their births were lost."""
    name = "a group without births"
    group = Apart(client, f"group:{name}")
    first, second, third = (group.task() for _ in range(3))
    for size in (Size(name, 2), Size(name, added=third.id), Size(name, added=third.id)):
        group.carry_out(GroupSizes(first.keys, 0, (size,)).calls(), [])
    assert group.feed.records == []
    assert client.ttl(group.feed.keys.head) > 0
    for task in (first, second, third):
        task.goes_on("STARTED", "SUCCESS")
        assert group.feed.rollup["size"] == 3
        assert group.feed.rollup["final"] == (task is third)


def test_a_task_that_is_kept_for_a_shorter_time_shortens_no_other_ones(apart: Apart) -> None:
    longer = 10 * FEED_LIFE
    for life in (longer, 600):
        task = apart.task()
        task.is_told(task.says("SUCCESS", life=life))
    assert apart.feed.client.ttl(apart.feed.key("expires")) > longer


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
