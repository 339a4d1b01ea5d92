"""What is counted of a group and its tree is what the journals say, whatever happened, and both end."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest

from taskbeam.journal.failed_steps import FailedSteps
from taskbeam.journal.feeds.names import feed_keys
from taskbeam.journal.keys import CELERY_PREFIX
from tests.taskbeam.apps import ours

from .members import Members, states_of, succeed

if TYPE_CHECKING:
    from collections.abc import Callable

    import redis
    from celery import Celery

    from taskbeam.journal.writer import JournalWriter
    from tests.taskbeam.feed import Feed
    from tests.taskbeam.journal import Journal

    from .heard import Heard

    Fault = Callable[[Members, Journal], None]


@pytest.fixture
def members(client: redis.Redis, writer: JournalWriter) -> Members:
    return Members(client, writer)


# What happens to a member that was sent. In the end it has succeeded.


def lost_and_speaks(members: Members, task: Journal) -> None:  # noqa: ARG001
    task.append("STARTED", "a")
    task.append("LOST", limits=None, labels={})
    task.append("SUCCESS", "a")


def lost_and_run_again(members: Members, task: Journal) -> None:  # noqa: ARG001
    task.append("STARTED", "a")
    task.append("LOST", limits=None, labels={})
    succeed(task, "b")


def sent_again(members: Members, task: Journal) -> None:  # noqa: ARG001
    task.append("STARTED", "a")
    task.append("FAILURE", "a")
    task.send()
    succeed(task, "b")


def superseded(members: Members, task: Journal) -> None:  # noqa: ARG001
    task.append("STARTED", "a")
    task.append("STARTED", "b")
    task.append("PROGRESS", "a", "progress", permille=900)
    task.append("PROGRESS", "b", "progress", permille=100)
    task.append("FAILURE", "b")
    task.append("SUCCESS", "a")


def told_three_times(members: Members, task: Journal) -> None:  # noqa: ARG001
    for entry in (task.entry("STARTED", "a"), task.entry("PROGRESS", "a", "progress", permille=500)):
        for _ in range(3):
            task.writer.append(entry)
    task.append("SUCCESS", "a")


def forgotten(members: Members, task: Journal) -> None:
    succeed(task)
    members.client.delete(task.keys.result, task.keys.head, task.keys.log)
    succeed(task, "b")


def expired_while_queued(members: Members, task: Journal) -> None:
    members.client.delete(task.keys.head, task.keys.log)
    succeed(task)


def not_told_in_between(members: Members, task: Journal) -> None:
    heads = [members.group.keys.head, members.tree.keys.head]
    for head in heads:
        members.client.rename(head, f"{head}:kept")
        members.client.set(head, "of another type")
    task.append("STARTED", "a")
    for head in heads:
        members.client.rename(f"{head}:kept", head)
    task.append("SUCCESS", "a")


def stalled(members: Members, task: Journal) -> None:  # noqa: ARG001
    task.append("STARTED", "a")
    task.append("PROGRESS", "a", "progress", permille=400)
    task.append("STALLED", "a", only="running", meta=b"")
    task.say("a", "progress", permille=600)
    task.append("SUCCESS", "a")


FAULTS = [
    lost_and_speaks,
    lost_and_run_again,
    sent_again,
    superseded,
    told_three_times,
    forgotten,
    expired_while_queued,
    not_told_in_between,
    stalled,
]


def counts(feed: Feed, states: dict[str, str]) -> None:
    """Its rows and its newest record are what the tasks say, and that record alone is final."""
    assert states_of(feed) == states
    total = len(states)
    told = feed.rollup | {"size": total}
    assert told == {
        "total": total,
        "open": 0,
        "waiting": 0,
        "done": dict(Counter(states.values())),
        "size": total,
        "permille": 1000,
        "final": True,
    }
    assert [record.final for record in feed.records] == [False] * (len(feed.records) - 1) + [True]


@pytest.mark.parametrize("fault", FAULTS)
def test_a_member_fares_badly(members: Members, fault: Fault) -> None:
    first, task, last = (members.task() for _ in range(3))
    succeed(first)
    fault(members, task)
    members.seal()
    succeed(last)
    for feed in (members.group, members.tree):
        counts(feed, members.states)
        assert feed.records[0].id.seq == 1


@pytest.mark.parametrize("fault", FAULTS)
def test_what_comes_after_the_end_is_another_epoch_with_the_counts_kept(
    members: Members, fault: Fault
) -> None:
    first, task = (members.task() for _ in range(2))
    members.seal()
    succeed(first)
    task.append("STARTED", "0")
    task.append("LOST", limits=None, labels={})
    ends = {feed.name: feed.records[-1].id for feed in (members.group, members.tree)}
    for feed in (members.group, members.tree):
        counts(feed, members.states)
    fault(members, task)
    for feed in (members.group, members.tree):
        counts(feed, members.states)
        assert feed.records[0].id.seq == 1
        assert feed.records[0].id.epoch > ends[feed.name].epoch


def test_a_feed_that_was_evicted_has_what_comes_after_it(members: Members) -> None:
    first, task = (members.task() for _ in range(2))
    succeed(first)
    members.client.delete(members.group.keys.head, members.tree.keys.head)
    succeed(task)
    members.seal()
    counts(members.tree, {task.task_id: "SUCCESS"})
    # The group is to have two, of which one is not known any more.
    assert members.group.rollup["final"] is False
    assert members.group.rollup["done"] == {"SUCCESS": 1}


@pytest.fixture
def failed_steps(monkeypatch: pytest.MonkeyPatch) -> FailedSteps:
    """Nothing has failed yet, so the first failure is logged."""
    steps = FailedSteps()
    for place in ("journal.unanswered", "celery.untold_feeds"):
        monkeypatch.setattr(f"taskbeam.{place}.failed_steps", steps)
    return steps


@pytest.mark.usefixtures("failed_steps")
def test_a_size_that_cannot_be_told_is_no_outage(
    app: Celery, client: redis.Redis, heard: Heard, caplog: pytest.LogCaptureFixture
) -> None:
    result = app.send_task("one")
    client.set(feed_keys("group:g", CELERY_PREFIX).head, "of another type")
    ours(app).seal_group("g", [result.id])
    assert "WRONGTYPE" in caplog.text
    sent = app.send_task("one")
    assert sent.id in heard.heads


@pytest.mark.parametrize("part", ["head", "log", "order", "ended"])
def test_a_key_of_a_wrong_type_costs_the_tasks_nothing(
    members: Members, failed_steps: FailedSteps, part: str
) -> None:
    first, task = (members.task() for _ in range(2))
    succeed(first)
    for feed in (members.group, members.tree):
        members.client.delete(feed.key(part))
        members.client.set(feed.key(part), "of another type")
    succeed(task)
    succeed(members.task())
    assert set(members.states.values()) == {"SUCCESS"}
    assert [each.stored for each in members.tasks] == [b"SUCCESS"] * 3
    assert failed_steps.counts
