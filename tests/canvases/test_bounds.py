"""A group or a tree of very many tasks keeps the rows of so many, and counts all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from taskbeam.journal.feeds.bounds import CANVAS_TASKS

from .members import Members, states_of, succeed

if TYPE_CHECKING:
    import redis

    from taskbeam.journal.writer import JournalWriter


@pytest.fixture
def members(client: redis.Redis, writer: JournalWriter) -> Members:
    return Members(client, writer)


def test_those_that_ended_first_are_dropped_and_stay_counted(members: Members) -> None:
    waiting, first, second = (members.task() for _ in range(3))
    succeed(first)
    succeed(second)
    feeds = (members.group, members.tree)
    # As if so many others had come.
    crowd: Any = {f":{number}": members.group.row("0 1 STARTED") for number in range(CANVAS_TASKS - 3)}
    for feed in feeds:
        members.client.hset(feed.keys.head, mapping=crowd)
    last = members.task()
    for feed in feeds:
        kept = states_of(feed)
        assert [each.task_id in kept for each in members.tasks] == [True, False, True, True]
        assert members.client.zscore(feed.key("order"), first.task_id) is None
        assert (feed.rollup["total"], feed.rollup["done"]) == (4, {"SUCCESS": 2})
    members.seal()
    succeed(waiting)
    succeed(last)
    for feed in feeds:
        assert (feed.rollup["done"], feed.rollup["permille"]) == ({"SUCCESS": 4}, 1000)
        assert feed.rollup["final"] is True


def test_none_is_dropped_that_has_not_ended(members: Members) -> None:
    first = members.task()
    crowd: Any = {f":{number}": members.group.row("0 1 STARTED") for number in range(CANVAS_TASKS)}
    members.client.hset(members.group.keys.head, mapping=crowd)
    second = members.task()
    assert {first.task_id, second.task_id} <= set(states_of(members.group))


def test_they_outlive_the_task_that_lives_longest(members: Members) -> None:
    succeed(members.task())
    members.seal()
    for feed in (members.group, members.tree):
        assert [members.client.ttl(feed.key(part)) > 600 for part in ("head", "log", "order", "ended")] == [
            True
        ] * 4
