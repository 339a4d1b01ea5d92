"""A part of a stream, of a task and of a feed, on each transport: types, states, and the tail."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import uuid4

import pytest

from taskbeam.journal.feeds.names import feed_keys
from taskbeam.journal.keys import CELERY_PREFIX
from tests.support.event_stream import EventStream
from tests.support.raw_websocket import Closed, RawWebSocket
from tests.support.results import subscribers_of
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx

    from tests.support.gateway import Gateway
    from tests.support.journal import Journals, Task

#: Seconds that a long-poll may wait in these tests; none of them waits that long for what has happened.
LONG = 50


class Owned(NamedTuple):
    """A task, and the feed that has it alone."""

    task: Task
    feed: str

    def path(self, kind: str) -> str:
        return f"/tasks/{self.task.id}" if kind == "task" else f"/feeds/{self.feed}"

    def wait_for_followers(self, journals: Journals, kind: str) -> None:
        keys = self.task.keys if kind == "task" else feed_keys(self.feed, CELERY_PREFIX)
        wait_until(lambda: subscribers_of(journals.redis, keys.channel) > 0)


@pytest.fixture
def owned(journals: Journals) -> Owned:
    owner = str(uuid4())
    return Owned(journals.task(labels={"owner": owner}), f"owner:{owner}")


def told(event: dict[str, Any]) -> tuple[str, str]:
    inner = event.get("event", event)
    return inner["type"], inner.get("state", "")


@contextmanager
def stream(served: Gateway, owned: Owned, kind: str, query: str) -> Iterator[EventStream]:
    collection, _, name = owned.path(kind).strip("/").partition("/")
    with EventStream(served, name, query, collection=collection) as opened:
        yield opened


def events(http: httpx.Client, owned: Owned, kind: str, **query: Any) -> dict[str, Any]:
    answer = http.get(f"{owned.path(kind)}/events", params=query, headers={"Accept": "application/json"})
    found: dict[str, Any] = answer.raise_for_status().json()
    return found


kinds = pytest.mark.parametrize("kind", ["task", "feed"])


@kinds
class TestAStream:
    def test_has_what_is_asked_for_and_moves_the_cursor_past_the_rest(
        self, served: Gateway, http: httpx.Client, owned: Owned, kind: str
    ) -> None:
        owned.task.append({"text": "half"})
        newest = events(http, owned, kind)["last_event_id"]
        with stream(served, owned, kind, "?types=state") as opened:
            assert told(opened.event()) == ("state", "PENDING")
            assert opened.block() == b"id: %b\n\n" % newest.encode()
            owned.task.append(type="state", state="HALF")
            assert told(opened.event()) == ("state", "HALF")

    def test_by_state_shows_the_end_of_a_task(self, served: Gateway, owned: Owned, kind: str) -> None:
        owned.task.append(type="state", state="HALF")
        owned.task.append(type="state", state="MORE")
        with stream(served, owned, kind, "?states=MORE,FAILURE") as opened:
            assert told(opened.event()) == ("state", "MORE")
            owned.task.finish()
            if kind == "task":
                assert told(opened.event()) == ("state", "SUCCESS")
                assert opened.rest() == b""
            else:
                assert opened.block().startswith(b"id: ")

    def test_from_near_the_end(self, served: Gateway, owned: Owned, kind: str) -> None:
        for state in "ABCDE":
            owned.task.append(type="state", state=state)
        with stream(served, owned, kind, "?tail=2") as opened:
            assert [told(opened.event())[1] for _ in range(2)] == ["D", "E"]
            owned.task.append(type="state", state="F")
            assert told(opened.event()) == ("state", "F")

    def test_from_the_end(self, served: Gateway, journals: Journals, owned: Owned, kind: str) -> None:
        with stream(served, owned, kind, "?tail=0") as opened:
            owned.wait_for_followers(journals, kind)
            owned.task.append(type="state", state="F")
            assert told(opened.event()) == ("state", "F")

    def test_a_cursor_goes_before_the_tail(
        self, served: Gateway, http: httpx.Client, owned: Owned, kind: str
    ) -> None:
        cursor = events(http, owned, kind)["last_event_id"]
        for state in "ABC":
            owned.task.append(type="state", state=state)
        with stream(served, owned, kind, f"?tail=1&after={cursor}") as opened:
            assert [told(opened.event())[1] for _ in range(3)] == ["A", "B", "C"]

    def test_shows_a_gap(self, served: Gateway, owned: Owned, kind: str) -> None:
        with stream(served, owned, kind, "?after=1-1&types=log&states=X") as opened:
            assert opened.event()["type"] == "gap"


def test_a_tail_of_what_was_trimmed_is_no_gap(served: Gateway, journals: Journals) -> None:
    """Nobody has missed what was before the join."""
    task = journals.task(limit=3)
    task.grow(9)
    with stream(served, Owned(task, ""), "task", "?tail=100") as opened:
        assert [opened.body() for _ in range(3)] == task.bodies()


def test_a_tail_is_that_of_a_long_journal(served: Gateway, journals: Journals) -> None:
    """Also where it is more than one piece that is written to a client."""
    task = journals.task()
    for number in range(60):
        task.append({"number": number, "fill": "x" * 4000})
    with stream(served, Owned(task, ""), "task", "?tail=50") as opened:
        assert [opened.body() for _ in range(50)] == task.bodies()[-50:]


@kinds
class TestJson:
    def test_has_what_is_asked_for(self, http: httpx.Client, owned: Owned, kind: str) -> None:
        owned.task.append({"text": "half"})
        owned.task.append(type="state", state="HALF")
        owned.task.append()
        found = events(http, owned, kind, types="state")
        assert [told(each)[1] for each in found["events"]] == ["PENDING", "HALF"]
        assert found["last_event_id"] == events(http, owned, kind)["last_event_id"]
        assert [told(each) for each in events(http, owned, kind, tail=1)["events"]] == [
            ("progress", "PROGRESS")
        ]

    def test_a_long_poll_waits_for_what_is_wanted(
        self, http: httpx.Client, journals: Journals, owned: Owned, kind: str
    ) -> None:
        cursor = events(http, owned, kind)["last_event_id"]
        owned.task.append()
        with ThreadPoolExecutor(1) as threads:
            waiting = threads.submit(events, http, owned, kind, after=cursor, types="state", wait=LONG)
            owned.wait_for_followers(journals, kind)
            owned.task.append()
            owned.task.append(type="state", state="HALF")
            found = waiting.result(60)
        assert [told(each) for each in found["events"]] == [("state", "HALF")]

    def test_a_long_poll_in_vain_moves_the_cursor(self, http: httpx.Client, owned: Owned, kind: str) -> None:
        cursor = events(http, owned, kind)["last_event_id"]
        owned.task.append()
        found = events(http, owned, kind, after=cursor, types="state", wait=0.2)
        assert found["events"] == []
        assert found["last_event_id"] == events(http, owned, kind)["last_event_id"] != cursor

    @pytest.mark.parametrize("query", ["types=", "types=gap", "states=", "tail=-1", "tail=x", "tail=1001"])
    @pytest.mark.parametrize("accept", ["application/json", "text/event-stream"])
    def test_what_cannot_be_asked_for(
        self, http: httpx.Client, owned: Owned, kind: str, accept: str, query: str
    ) -> None:
        answer = http.get(f"{owned.path(kind)}/events?{query}", headers={"Accept": accept})
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")


class TestTheSocketOfATask:
    def test_has_what_is_asked_for(self, served: Gateway, owned: Owned) -> None:
        task = owned.task
        cursor = task.append()
        with RawWebSocket(served, f"/tasks/{task.id}/ws?types=state&tail=1") as socket:
            assert socket.json() == {"op": "cursor", "id": str(cursor)}
            task.append(type="state", state="HALF")
            assert told(socket.json()) == ("state", "HALF")
            task.finish()
            assert told(socket.json()) == ("state", "SUCCESS")
            assert socket.closed() == Closed(1000, "")

    @pytest.mark.parametrize("query", ["types=gap", "states=", "tail=x"])
    def test_what_cannot_be_asked_for(self, served: Gateway, owned: Owned, query: str) -> None:
        with RawWebSocket(served, f"/tasks/{owned.task.id}/ws?{query}") as socket:
            assert socket.closed() == Closed(4400, "invalid_request")


@kinds
class TestASubscription:
    def test_has_what_is_asked_for(self, served: Gateway, owned: Owned, kind: str) -> None:
        name = {"task_id": owned.task.id} if kind == "task" else {"feed": owned.feed}
        with RawWebSocket(served) as socket:
            socket.say(op="subscribe", **name, types=["state"], states=["HALF"], tail=1)
            assert socket.json()["op"] == "subscribed"
            moved = socket.json()
            assert {**moved, "id": ""} == {"op": "cursor", **name, "id": ""}
            owned.task.append(type="state", state="HALF")
            event = socket.json()
            assert told(event) == ("state", "HALF")
            assert event["id"] > moved["id"]

    @pytest.mark.parametrize("wrong", [{"types": ["gap"]}, {"states": []}, {"tail": -1}, {"types": 7}])
    def test_what_cannot_be_asked_for(
        self, served: Gateway, owned: Owned, kind: str, wrong: dict[str, object]
    ) -> None:
        name = {"task_id": owned.task.id} if kind == "task" else {"feed": owned.feed}
        with RawWebSocket(served) as socket:
            socket.say(op="subscribe", **name, **wrong)
            answer = socket.json()
            assert (answer["op"], answer["code"]) == ("error", "invalid_request")
            socket.say(op="subscribe", **name)
            assert socket.json()["op"] == "subscribed"


def test_the_log_stays_quiet(served: Gateway) -> None:
    assert "Traceback" not in served.process.output


def test_json_of_the_cursor_is_json(served: Gateway, owned: Owned) -> None:
    """Whoever reads a socket's messages parses each of them."""
    owned.task.append()
    with RawWebSocket(served, f"/tasks/{owned.task.id}/ws?types=log") as socket:
        assert json.loads(socket.body())["op"] == "cursor"
