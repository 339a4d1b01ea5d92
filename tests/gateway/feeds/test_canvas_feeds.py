"""Feeds of groups and trees over HTTP: they have a progress, and end."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import quote
from uuid import uuid4

import httpx
import pytest

from taskbeam.journal.feeds.canvas_news import GroupSizes, Size
from tests.support.event_stream import EventStream
from tests.support.raw_websocket import RawWebSocket

if TYPE_CHECKING:
    from tests.support.gateway import Gateway
    from tests.support.journal import Journals, Task


class Group:
    """A group of tasks, on a gateway that is open."""

    def __init__(self, served: Gateway, journals: Journals, size: int) -> None:
        self.served = served
        self.id = str(uuid4())
        self.feed = f"group:{self.id}"
        self._journals = journals
        self.tasks = [journals.task(labels={"group": self.id, "tree": self.id}) for _ in range(size)]

    def seal(self) -> None:
        """What its sender says when all are sent."""
        first = self.tasks[0]
        known = Size(self.id, len(self.tasks), member=first.id)
        self._journals.writer.tell_canvas(GroupSizes(first.keys, 600, (known,)))

    def get(self, resource: str = "", kind: str = "group", **query: Any) -> httpx.Response:
        path = f"{self.served.http}/feeds/{quote(f'{kind}:{self.id}', safe='')}{resource}"
        return httpx.get(path, params=query, headers={"Accept": "application/json"}, timeout=60)

    def stream(self, after: str = "") -> EventStream:
        return EventStream(self.served, quote(self.feed, safe=""), f"?after={after}", {}, collection="feeds")


@pytest.fixture
def group(served: Gateway, journals: Journals) -> Group:
    return Group(served, journals, 2)


def test_its_stream_ends_with_it(group: Group) -> None:
    with group.stream() as stream:
        group.seal()
        for task in group.tasks:
            task.finish()
        told = [stream.event() for _ in range(5)]
        assert stream.rest() == b""
    assert [each["type"] for each in told] == ["task", "task", "rollup", "task", "task"]
    assert [each["rollup"]["final"] for each in told] == [False] * 4 + [True]
    assert told[-1]["rollup"] == {
        "total": 2,
        "open": 0,
        "waiting": 0,
        "done": {"SUCCESS": 2},
        "size": 2,
        "permille": 1000,
        "final": True,
    }
    with group.stream(told[-1]["id"]) as stream:
        assert stream.status == 204


def test_whoever_joins_is_told_how_far_it_is(group: Group) -> None:
    """A task that goes on moves the roll-up without a number."""
    group.tasks[0].append()
    cursor = group.get().json()["last_event_id"]
    group.tasks[0].append(permille=500)
    with group.stream(cursor) as stream:
        told = stream.event()
    assert (told["event"], "id" in told) == (json.loads(group.tasks[0].bodies()[-1]), False)
    assert told["rollup"] == group.get().json()["rollup"]
    assert told["rollup"]["permille"] == 250


def test_who_polls_hears_that_it_is_over(group: Group) -> None:
    group.seal()
    assert group.get("/events").json()["final"] is False
    for task in group.tasks:
        task.finish()
    found = group.get("/events").json()
    assert found["final"] is True
    assert found["last_event_id"] == found["events"][-1]["id"]
    listed = group.get().json()
    assert {task["task_id"] for task in listed["tasks"]} == {task.id for task in group.tasks}
    assert (listed["rollup"], listed["last_event_id"]) == (
        found["events"][-1]["rollup"],
        found["last_event_id"],
    )


def test_what_comes_after_the_end_is_another_epoch(group: Group) -> None:
    group.seal()
    for task in group.tasks:
        task.finish()
    ended = group.get("/events").json()["last_event_id"]
    _begin_again(group.tasks[0])
    with group.stream(ended) as stream:
        gap, event = stream.event(), stream.event()
    assert (gap["type"], gap["gap"]["reason"]) == ("gap", "epoch")
    assert event["rollup"]["done"] == {"SUCCESS": 1}
    assert (event["rollup"]["total"], event["rollup"]["open"], event["rollup"]["final"]) == (2, 1, False)


@pytest.mark.parametrize("kind", ["group", "tree"])
@pytest.mark.parametrize("wanted", [None, ["FAILURE"]])
def test_a_socket_that_follows_it_is_told_of_its_end(
    group: Group, kind: str, wanted: list[str] | None
) -> None:
    """The end is for everybody, whatever states somebody asks for."""
    feed = f"{kind}:{group.id}"
    group.seal()
    with RawWebSocket(group.served) as socket:
        socket.say(op="subscribe", feed=feed, **({"states": wanted} if wanted else {}))
        assert socket.json() == {"op": "subscribed", "feed": feed, "name": feed}
        for task in group.tasks:
            task.finish()
        told = [socket.json()]
        while told[-1].get("op") != "unsubscribed":
            told.append(socket.json())
    assert told[-1] == {"op": "unsubscribed", "feed": feed, "reason": "ended"}
    rollups = [each["rollup"]["final"] for each in told if "op" not in each]
    assert rollups[-1] is True
    assert rollups.count(True) == 1
    if wanted:
        assert len(rollups) == 1


def _begin_again(task: Task) -> None:
    """Its journal was forgotten, and its message is delivered once more."""
    task.lose()
    task.append()


class TestTheTreeOfATask:
    def test_is_found_from_any_of_its_tasks(self, group: Group, http: httpx.Client) -> None:
        for task in group.tasks:
            found = http.get(f"/tasks/{task.id}/tree").json()
            assert found == {"task_id": task.id, "feed": f"tree:{group.id}"}

    def test_of_a_task_that_is_alone_begins_when_somebody_asks(
        self, journals: Journals, http: httpx.Client
    ) -> None:
        task = journals.task()
        feed = http.get(f"/tasks/{task.id}/tree").json()["feed"]
        assert feed == f"tree:{task.id}"
        task.finish()
        found = http.get(f"/feeds/{feed}/events", headers={"Accept": "application/json"}).json()
        assert [each["event"]["state"] for each in found["events"]] == ["PENDING", "SUCCESS"]
        assert found["final"] is True
        assert http.get(f"/tasks/{task.id}/tree").json()["feed"] == feed

    def test_has_ended_with_a_task_that_is_alone(self, journals: Journals, http: httpx.Client) -> None:
        task = journals.task()
        task.finish()
        feed = http.get(f"/tasks/{task.id}/tree").json()["feed"]
        found = http.get(f"/feeds/{feed}").json()
        assert found["tasks"] == [json.loads(task.bodies()[-1])]
        assert (found["rollup"]["done"], found["rollup"]["final"]) == ({"SUCCESS": 1}, True)

    def test_of_nobody_is_unknown(self, http: httpx.Client) -> None:
        assert http.get(f"/tasks/{uuid4()}/tree").json()["code"] == "unknown_task"
