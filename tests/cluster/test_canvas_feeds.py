"""Feeds of groups and trees on a cluster: each ends once, whoever dies between what its feeds are told."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import httpx
import pytest
from celery import group

from taskbeam.cluster.slot_map import slot_of
from taskbeam.journal.feeds.canvas_news import ErrbacksSent, GroupSizes, Size
from taskbeam.journal.feeds.names import ClusterFeedKeys, feed_keys
from taskbeam.journal.keys import CELERY_PREFIX
from tests.support.event_stream import EventStream
from tests.support.waiting import DEADLINE, wait_until
from tests.taskbeam.feed import Feed

if TYPE_CHECKING:
    from celery import Celery

    from tests.support.gateway import Gateway
    from tests.support.redis_cluster import Cluster, ClusterNode

    from .journals import Journals, Task


class Canvas:
    """A group that is sent from outside, which its tree is called by."""

    def __init__(self, cluster: Cluster, journals: Journals) -> None:
        self.id = str(uuid4())
        self._cluster, self.journals = cluster, journals
        self.tasks: list[Task] = []

    def task(self, **labels: str) -> Task:
        """A member that was just sent."""
        task = self.journals.task()
        labels = labels or {"group": self.id, "tree": self.id}
        task.append(0, state="PENDING", birth=True, labels=labels)
        self.tasks.append(task)
        return task

    def feed(self, kind: str, of: str = "") -> Feed:
        name = f"{kind}:{of or self.id}"
        return Feed(self.owner(name).client, name)

    def owner(self, name: str) -> ClusterNode:
        return self._cluster.owner(feed_keys(name, CELERY_PREFIX, ClusterFeedKeys).head)

    def size(self, size: int, **more: str) -> GroupSizes:
        """What a sender says of the group."""
        return GroupSizes(self.tasks[0].keys, 600, (Size(self.id, size, **more),))

    def rollup(self, kind: str, of: str = "") -> dict[str, Any]:
        found: dict[str, Any] = self.feed(kind, of).rollup
        return found


@pytest.fixture
def canvas(cluster: Cluster, journals: Journals) -> Canvas:
    return Canvas(cluster, journals)


def is_final(rollup: dict[str, Any]) -> bool:
    return bool(rollup["final"])


def test_what_is_said_of_a_group_twice_counts_once(canvas: Canvas) -> None:
    first, second = canvas.task(), canvas.task()
    writer = canvas.journals.writer
    added = GroupSizes(first.keys, 600, (Size(canvas.id, added=second.id),))
    for news in (canvas.size(1, member=first.id), added, added, canvas.size(1, member=first.id)):
        writer.tell_canvas(news)
    assert canvas.rollup("group")["size"] == 2
    for task in (first, second):
        assert not is_final(canvas.rollup("group"))
        task.append(1, state="SUCCESS", final=True)
    for kind in ("group", "tree"):
        assert canvas.rollup(kind) == canvas.rollup(kind) | {"total": 2, "open": 0, "final": True}
        assert [record.final for record in canvas.feed(kind).records].count(True) == 1


def test_a_size_that_cannot_be_told_is_told_later_also_before_its_members(
    canvas: Canvas, cluster: Cluster
) -> None:
    """The feed's slot moves, and has some of its keys here and some there."""
    canvas.tasks = [canvas.journals.task()]
    name = f"group:{canvas.id}"
    keys = feed_keys(name, CELERY_PREFIX, ClusterFeedKeys)
    slot, owner = slot_of(keys.head), canvas.owner(name)
    owner.client.rpush(keys.log, "moves on its own")
    owner.client.hset(keys.head, "moves", "later")
    target = next(node for node in cluster.masters if node is not owner)
    cluster.begin_move(slot, target)
    owner.hand_over(target, keys.log)
    canvas.journals.lines._patience = 0.0
    canvas.journals.writer.tell_canvas(canvas.size(1))
    canvas.journals.lines._patience = DEADLINE
    cluster.end_move(slot, owner, target)
    wait_until(lambda: bool(target.client.hexists(keys.head, "canvas")))
    assert canvas.rollup("group")["size"] == 1
    cluster.move(slot, owner)


def test_the_next_writer_tells_group_and_tree_what_one_has_left_untold_that_died(canvas: Canvas) -> None:
    task, writer = canvas.task(), canvas.journals.writer
    writer.tell_canvas(canvas.size(1, member=task.id))
    task.write_untold(1, state="STARTED")
    task.write_untold(2, state="SUCCESS", final=True)
    assert not is_final(canvas.rollup("group"))
    task.append(3, state="FAILURE", final=True)
    for kind in ("group", "tree"):
        assert [state for _, state in canvas.feed(kind).transitions] == ["PENDING", "STARTED", "SUCCESS"]
        assert is_final(canvas.rollup(kind))


def test_a_tree_has_its_first_task_before_the_second_one(canvas: Canvas) -> None:
    root = canvas.journals.task()
    root.append(0, state="STARTED")
    child = canvas.task(tree=root.id)
    tree = canvas.feed("tree", root.id)
    assert tree.transitions == [(root.id, "STARTED"), (child.id, "PENDING")]
    root.post(1)
    assert tree.transitions[2:] == [(root.id, "PROGRESS")]
    root.append(2, state="SUCCESS", final=True)
    assert not is_final(canvas.rollup("tree", root.id))
    child.append(1, state="SUCCESS", final=True)
    assert is_final(canvas.rollup("tree", root.id))
    assert [record.final for record in tree.records].count(True) == 1


def test_a_tree_waits_for_errbacks_that_are_to_come_also_where_it_hears_late_of_the_failure(
    canvas: Canvas,
) -> None:
    told, late, writer = canvas.task(), canvas.task(), canvas.journals.writer
    writer.tell_canvas(canvas.size(2, member=told.id))
    told.append(1, state="FAILURE", final=True, holds=True)
    late.write_untold(1, state="FAILURE", final=True, holds=True)
    late.append(2, state="FAILURE", final=True)  # whoever is refused tells it
    assert canvas.rollup("tree")["open"] == 0
    for task in (told, told, late):
        assert not is_final(canvas.rollup("tree"))
        writer.tell_canvas(ErrbacksSent(task.keys, canvas.id))
    assert is_final(canvas.rollup("tree"))


def test_whoever_finds_that_errbacks_are_sent_tells_the_tree(canvas: Canvas) -> None:
    """Its sender has said so in the task's journal, and died."""
    task, writer = canvas.task(), canvas.journals.writer
    writer.tell_canvas(canvas.size(1, member=task.id))
    task.append(1, state="FAILURE", final=True, holds=True)
    said = next(ErrbacksSent(task.keys, canvas.id).calls())
    task.owner().client.eval(said.script.text.decode(), len(said.keys), *said.keys)
    assert not is_final(canvas.rollup("tree"))
    task.append(2, state="SUCCESS", only="running")
    assert is_final(canvas.rollup("tree"))


def test_whoever_asks_for_the_tree_of_a_task_that_is_alone_makes_it(served: Gateway, canvas: Canvas) -> None:
    task = canvas.journals.task()
    task.append(0, state="STARTED")
    for _ in range(2):
        answer = httpx.get(f"{served.http}/tasks/{task.id}/tree", timeout=DEADLINE)
        assert answer.raise_for_status().json()["feed"] == f"tree:{task.id}"
    assert canvas.feed("tree", task.id).transitions == [(task.id, "STARTED")]
    task.append(1, state="SUCCESS", final=True)
    assert is_final(canvas.rollup("tree", task.id))
    unknown = httpx.get(f"{served.http}/tasks/{uuid4()}/tree", timeout=DEADLINE)
    assert unknown.status_code == 404


def test_whoever_follows_a_group_hears_it_end(served: Gateway, app: Celery) -> None:
    result = group(app.signature("jobs.digest", [3]) for _ in range(4)).apply_async()
    with EventStream(served, f"group:{result.id}", "?after=0-0", collection="feeds") as stream:
        event = stream.event()
        while not event.get("rollup", {}).get("final"):
            event = stream.event()
    assert event["rollup"] == {
        "total": 4,
        "open": 0,
        "waiting": 0,
        "done": {"SUCCESS": 4},
        "size": 4,
        "permille": 1000,
        "final": True,
    }
    assert json.dumps(result.get(timeout=DEADLINE))
