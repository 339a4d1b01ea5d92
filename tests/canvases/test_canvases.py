"""Each canvas is one tree, each group that the caller holds has its members, and each ends exactly once."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from celery.beat import ScheduleEntry, Scheduler
from celery.result import ResultSet

from taskbeam.journal.events import FINAL_STATES
from tests.support.waiting import wait_until
from tests.taskbeam.feed import Feed

from .heard import done
from .table import CANVASES, Parts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import redis
    from celery import Celery

    from .heard import Heard

#: Of them nobody hears but whoever asks: a task that is alone has no feed.
ALONE = {"a task", "a map", "a task that retries", "an errback that is called", "replaced by a task"}

#: A member sends another one, of which the caller does not know.
ADDS = "a member that adds one to its chord"


@pytest.mark.parametrize("make", CANVASES.values(), ids=CANVASES)
def test_a_canvas(
    app: Celery,
    client: redis.Redis,
    heard: Heard,
    make: Callable[[Parts], Any],
    request: pytest.FixtureRequest,
) -> None:
    result = make(Parts(app)).apply_async()
    alone = request.node.callspec.id in ALONE
    wait_until(lambda: all_have_ended(heard, client, alone=alone), lambda: state_of_all(heard, client))
    trees = {head.get("tree") for head in heard.heads.values()}
    assert len(trees) == 1, heard.heads
    (tree,) = trees
    if alone:
        assert tree is None
        assert not list(client.scan_iter("*taskbeam:feed:*"))
    else:
        check(Feed(client, f"tree:{tree}"), heard, set(heard.states))
    for group in groups(result):
        members = set(leaves(group))
        if request.node.callspec.id == ADDS:
            members |= {task for task, head in heard.heads.items() if head.get("group") == group.id}
            assert len(members) == 3
        check(Feed(client, f"group:{group.id}"), heard, members)


def all_have_ended(heard: Heard, client: redis.Redis, *, alone: bool = False) -> bool:
    """And nothing is open in a feed; of a canvas whose errback is not sent yet there is none."""
    states = heard.states.values()
    if not states or not set(states) <= FINAL_STATES:
        return False
    heads: list[Any] = [
        client.hmget(head, "epoch", "canvas") for head in client.scan_iter("*taskbeam:feed:*:head")
    ]
    # A cluster keeps the size of a group that has no member, too: Celery sets it. That is no feed.
    canvases = [canvas for epoch, canvas in heads if epoch]
    if not canvases and not alone:
        return False
    return all(canvas.endswith(b"\x01") for canvas in canvases)  # the newest record is final


def groups(result: Any) -> Iterator[Any]:
    """All that the caller holds."""
    while result is not None:
        yield from nested(result)
        result = result.parent


def nested(result: Any) -> Iterator[Any]:
    if isinstance(result, ResultSet):
        yield result
        for each in result.results or ():
            yield from nested(each)


def leaves(result: Any) -> Iterator[str]:
    for each in result.results:
        if isinstance(each, ResultSet):
            yield from leaves(each)
        else:
            yield each.id


def check(feed: Feed, heard: Heard, members: set[str]) -> None:
    """It has the tasks and no others, counts what their journals say, and was final once, at the end."""
    states = {task: state for task, state in heard.states.items() if task in members}
    rows = {task: row.split(" ")[2] for task, row in feed.rows.items()}
    assert rows == states
    records = heard.records(feed.name)
    assert [record.final for record in records] == [False] * (len(records) - 1) + [True]
    assert [record.id.seq for record in records] == list(range(1, len(records) + 1))
    told = json.loads(records[-1].body)["rollup"]
    assert told["done"] == done(states.values())
    assert (told["total"], told["open"], told["permille"], told["final"]) == (len(members), 0, 1000, True)
    if feed.name.startswith("group:"):
        assert told["size"] == len(members)


def state_of_all(heard: Heard, client: redis.Redis) -> str:
    """What each journal and each feed has, for whoever looks why a canvas does not end."""
    feeds = {key: client.hgetall(key) for key in client.scan_iter("*taskbeam:feed:*:head")}
    return f"{heard.heads}\n{feeds}"


def test_each_firing_of_beat_is_a_tree_of_its_own(app: Celery, client: redis.Redis, heard: Heard) -> None:
    scheduler = Scheduler(app, schedule={})
    every: Any = 60
    for job in ("one", "sends", "sends"):
        entry = ScheduleEntry(job, job, schedule=every, args=("task",), app=app)
        scheduler.apply_async(entry, advance=False)
    wait_until(lambda: len(heard.heads) == 5 and all_have_ended(heard, client))
    firings = [task for task, head in heard.heads.items() if head["name"] == "sends"]
    trees = [head.get("tree") for head in heard.heads.values()]
    assert sorted(trees, key=str) == sorted([None, *firings, *firings], key=str)
    for tree in firings:
        members = {task for task, head in heard.heads.items() if head.get("tree") == tree}
        check(Feed(client, f"tree:{tree}"), heard, members)
