"""How far a group and its tree have come: permille times weight, by what changes in a row."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.redis_cluster import subscribed
from tests.taskbeam.feed import Feed
from tests.taskbeam.journal import Journal

from .members import LIMITS, Members, states_of, succeed

if TYPE_CHECKING:
    import redis

    from taskbeam.journal.writer import JournalWriter


@pytest.fixture
def members(client: redis.Redis, writer: JournalWriter) -> Members:
    return Members(client, writer)


def report(task: Journal, permille: int, run: str = "a") -> None:
    task.append("PROGRESS", run, "progress", permille=permille)


def permille(members: Members) -> list[Any]:
    """As the next transition of another member tells it."""
    members.tasks[-1].append("STARTED", "x")
    members.tasks[-1].append("RETRY", "x")
    return [feed.rollup["permille"] for feed in (members.group, members.tree)]


def test_of_each_member_by_its_weight(members: Members) -> None:
    heavy, light, _ = members.task(weight="8"), members.task(), members.task()
    heavy.append("STARTED", "a")
    report(heavy, 500)
    assert permille(members) == [400, 400]
    report(heavy, 750)
    succeed(light)
    assert permille(members) == [700, 700]
    heavy.append("FAILURE", "a")
    assert permille(members) == [900, 900]


def test_a_run_that_begins_anew_is_at_its_beginning(members: Members) -> None:
    task, _ = members.task(), members.task()
    task.append("STARTED", "a")
    report(task, 800)
    assert permille(members) == [400, 400]
    task.append("RETRY", "a")
    assert permille(members) == [0, 0]
    task.append("STARTED", "b")
    report(task, 600, "b")
    assert permille(members) == [300, 300]
    task.append("STARTED", "c")  # it takes the place of one that was lost
    assert permille(members) == [0, 0]


def test_members_that_are_still_to_come_count_for_one(members: Members) -> None:
    task, _ = members.task(), members.task()
    members.seal(4)
    succeed(task)
    assert members.group.rollup["permille"] == 250
    assert (members.group.rollup["total"], members.group.rollup["size"]) == (2, 4)


def test_progress_that_moves_it_is_published_with_the_roll_up(members: Members) -> None:
    task, _ = members.task(), members.task()
    task.append("STARTED", "a")
    report(task, 100)
    numbered = len(members.group.records)
    with subscribed(members.client, members.group.keys.channel) as pubsub:
        report(task, 300)
        report(task, 300)
        task.say("a")
        heard = [pubsub.get_message(timeout=60) for _ in range(3)]
    beside = b"- %d " % members.group.records[-1].id.epoch
    assert all(message and message["data"].startswith(beside) for message in heard)
    told = [json.loads(message["data"].removeprefix(beside)) for message in heard if message]
    assert [each["event"]["type"] for each in told] == ["progress", "progress", "log"]
    assert [each.get("rollup", {}).get("permille") for each in told] == [150, None, None]
    assert len(members.group.records) == numbered


class TestTheTreeOfATaskThatWasAlone:
    def test_has_it_as_soon_as_there_is_another(self, client: redis.Redis, writer: JournalWriter) -> None:
        root = Journal(client, writer, limits=LIMITS)
        root.send()
        root.append("STARTED", "a")
        assert not list(client.scan_iter("*taskbeam:feed:*"))
        child = Journal(client, writer, limits=LIMITS, labels={"tree": root.task_id})
        child.send()
        succeed(child)
        tree = Feed(client, f"tree:{root.task_id}")
        assert tree.transitions[:2] == [(root.task_id, "STARTED"), (child.task_id, "PENDING")]
        assert tree.rollup["final"] is False
        root.append("SUCCESS", "a")
        assert states_of(tree) == {root.task_id: "SUCCESS", child.task_id: "SUCCESS"}
        assert [record.final for record in tree.records].count(True) == 1
        assert tree.records[-1].final

    def test_goes_on_when_the_root_is_run_again(self, client: redis.Redis, writer: JournalWriter) -> None:
        root = Journal(client, writer, limits=LIMITS)
        root.send()
        root.append("STARTED", "a")
        child = Journal(client, writer, limits=LIMITS, labels={"tree": root.task_id})
        child.send()
        root.append("LOST", limits=None)
        succeed(root, "b")
        succeed(child)
        assert client.hget(root.keys.head, "tree") == root.task_id.encode()
        tree = Feed(client, f"tree:{root.task_id}")
        assert states_of(tree) == {root.task_id: "SUCCESS", child.task_id: "SUCCESS"}
